"""Case 9: a guess at the encoding is made where it is safe, and refused where it is in doubt."""

import pytest

from lightning_eda.errors import CsvError
from lightning_eda.tables.text.guessing import reads_oddly, require_windows_1252

WESTERN = [
    "id,name\n1,Zürich\n2,Köln\n",
    "saison\nété\n",
    "Größe;Maß\n5;Füße\n",
    "nome,cidade\nJoão,São Paulo\nconceição,Maranhão\nação,coração\n",
    "nombre\nMuñoz\nPeñíscola\n¿Qué?\nAño\n",
    "prénom\nAndré\nFrançois\ncréée\nà\nl’été\nœuvre\n",  # noqa: RUF001
    "navn\nBjørn\nÅse\nKjærgård\nTromsø\n",
    "nafn\nÞórður\nSigríður\nGuðmundur\nBlönduós\n",
    "nimi\nhyvää yötä\nPäivi\nJyväskylä\n",
    "note\n5 €\n20 °C\n3 m²\n“quoted” – and…\n£5\n½\n",  # noqa: RUF001
    "STADT\nMÜNCHEN\nKÖLN\nDÜSSELDORF\n",
    "cognome\nPerù\ncittà\nè\n",
    "naam\nBelgië\ngeïnteresseerd\nCuraçao\n",
    "cat\ncançó\nBarcelona·Sants\n",
]


@pytest.mark.parametrize("text", WESTERN)
def test_case_9_texts_of_western_europe_read_well(text):
    """Accents within words, signs beside them."""
    assert not reads_oddly(text.encode("windows-1252").decode("windows-1252"))
    require_windows_1252(text.encode("windows-1252"), "x")


@pytest.mark.parametrize(
    ("text", "encoding", "named"),
    [
        ("姓名,城市\n张伟,北京\n李娜,上海\n", "gbk", "gb18030 reads '姓名'"),
        ("id,name\n1,张伟\n2,李娜\n", "gb18030", "gb18030 reads '张伟'"),
        ("id,name\n1,张\n", "gbk", "gb18030 reads '张'"),
        ("名前,年齢\n山田,31\n", "shift_jis", "shift_jis reads '名前'"),
        ("id,name\n1,カタカナ\n2,ひらがな\n", "shift_jis", "shift_jis reads 'カタカナ'"),
        ("名前,年齢\n山田,31\n", "euc_jp", "euc_jp reads '名前'"),
        ("姓名,城市\n王小明,台北\n", "big5", "big5 reads '姓名'"),
        ("id,city\n1,台北\n2,高雄\n", "big5", "big5 reads '台北'"),
        ("이름,도시\n김철수,서울\n", "euc_kr", "euc_kr reads '이름'"),
        ("имя,город\nИван,Москва\n", "windows-1251", "windows-1251 reads 'имя'"),  # noqa: RUF001
        ("id,name\n1,Иван\n", "koi8-r", "koi8-r reads 'Иван'"),
        ("id,name\n1,Αθήνα\n", "windows-1253", "windows-1253 reads 'Αθήνα'"),
        ("id,name\n1,שלום\n", "windows-1255", "windows-1255 reads 'שלום'"),
        ("id,name\n1,سلام\n", "windows-1256", "windows-1256 reads 'سلام'"),
        ("id,name\n1,สวัสดี\n", "cp874", "cp874 reads"),
        ("id,city\n1,Wrocław\n2,Łódź\n", "windows-1250", "windows-1250 reads 'Wrocław'"),
        ("id,city\n1,Příbram\n2,Dvořák\n", "windows-1250", "windows-1250 reads 'Příbram'"),
        ("id,city\n1,Köln\n2,März\n", "cp850", "cp850 reads 'Köln'"),
        ("id,city\n1,Zürich\n2,Café\n", "mac-roman", "mac-roman reads 'Zürich'"),
        ("id,price\n1,5 ¤\n", "windows-1252", "iso8859-15 reads '€'"),
    ],
)
def test_case_9_a_doubtful_guess_is_refused_with_what_may_be_meant(text, encoding, named):
    """Each candidate with how it would read: who knows the file sees which is right."""
    with pytest.raises(CsvError, match=f"(?s)x line [12]: the text is not UTF-8.*CSV_ENCODING.*{named}"):
        require_windows_1252(text.encode(encoding), "x")
