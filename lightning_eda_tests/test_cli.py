"""Mistakes of the command line are one line, and where to look on."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import numba
import numpy as np
import pytest

from lightning_eda import compiled
from lightning_eda.cli import demo, main
from lightning_eda.cli.demo import ui_command
from lightning_eda.clustering.kmeans.refits import sweep_gaps, sweep_stability
from lightning_eda.clustering.kmeans.silhouette import sweep_silhouettes
from lightning_eda.clustering.kmeans.sweep import kmeans_sweep
from lightning_eda.clustering.points import sphere_points
from lightning_eda.clustering.storms.near_flashes import near_labels
from lightning_eda_tests.end_to_end.commands import ROOT

SIMULATE = ["simulate", "--hour", "2022-12-31T05", "--granules", "1"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--flashes", "-1"], "flashes: found -1.0; allowed: a number from 0"),
        (["--flashes", "nan"], "flashes: found nan; allowed: a number from 0"),
        (["--flashes", "inf"], "flashes: found inf; allowed: a number from 0"),
        (["--hours", "0"], "hours: found 0; allowed: a whole number from 1"),
        (["--hours", "-1"], "hours: found -1; allowed: a whole number from 1"),
        (
            ["--hour", "9999-12-31T23", "--hours", "2"],
            "hours: found 2; allowed: hours that end before the year",
        ),
        (["--fault", "empty:1"], "faults: found 'empty:1'; allowed: a granule from 0 to 0."),
        (["--fault", "split_flash:0"], "faults: found 'split_flash:0'; allowed: two granules or more."),
        (["--granules", "0"], "granules: found 0; allowed: a whole number from 1 to 180"),
        (
            ["--hour", "1950-01-01T00"],
            "hour: found '1950-01-01T00:00:00+00:00'; allowed: a full hour since 2018",
        ),
    ],
)
def test_a_number_that_is_not_allowed_is_refused(tmp_path, capsys, options, words):
    """Nothing is written."""
    assert main([*SIMULATE, *options, str(tmp_path / "archive")]) == 1
    assert capsys.readouterr().err.startswith(f"lightning-eda: {words}")
    assert not (tmp_path / "archive").exists()


def test_no_flashes_are_allowed(tmp_path):
    """Quiet granules."""
    assert main([*SIMULATE, "--flashes", "0", str(tmp_path)]) == 0


def test_the_ui_is_told_what_to_load_where_no_file_says_so(tmp_path):
    """By dg.toml where it is; no usage statistics are sent, and in the clone `make` says all that."""
    silent, dg, *words = shlex.split(ui_command(tmp_path))
    assert (silent, words) == ("DAGSTER_DISABLE_TELEMETRY=1", ["dev", "-m", "lightning_eda.definitions"])
    assert Path(dg).exists()
    (tmp_path / "dg.toml").touch()
    config = f"DG_CLI_CONFIG={tmp_path / 'dg.toml'}"
    assert shlex.split(ui_command(tmp_path)) == [silent, config, dg, "dev"]
    (tmp_path / ".venv").symlink_to(sys.prefix)
    for name in ("Makefile", "pyproject.toml"):
        assert ui_command(tmp_path) != "make ui"
        shutil.copy(ROOT / name, tmp_path)
    assert ui_command(tmp_path) == "make ui"
    (tmp_path / "Makefile").write_text("build:\n")
    assert ui_command(tmp_path) != "make ui"
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / ".venv").unlink()
    assert ui_command(tmp_path) != "make ui"


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path, capsys):
    """A file stands where the folder must be."""
    (tmp_path / "file").write_bytes(b"")
    assert main(["simulate", str(tmp_path / "file" / "archive"), "--hour", "2022-12-31T05"]) == 1
    printed = capsys.readouterr().err
    assert printed.startswith("lightning-eda: ")
    assert "file" in printed
    assert "Traceback" not in printed


def simulated(folder: Path, *options: str) -> dict[str, bytes]:
    """The files that the command writes, by their paths."""
    assert main([*SIMULATE, *options, str(folder)]) == 0
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.nc")}


def test_each_option_has_its_effect(tmp_path):
    """Which satellite, how many hours and granules, how they are packed, and what is wrong with one."""
    usual = simulated(tmp_path / "usual", "--flashes", "5")
    ((name, content),) = usual.items()
    assert next(iter(simulated(tmp_path / "a", "--satellite", "G16"))).startswith(
        name.partition("G18")[0] + "G16"
    )
    hours = simulated(tmp_path / "b", "--hours", "2")
    assert sorted(path.rpartition("/")[0][-6:] for path in hours) == ["365/05", "365/06"]
    assert len(simulated(tmp_path / "c", "--granules", "2")) == 2
    for number, other in enumerate((("--era", "do07"), ("--fault", "empty:0"))):
        ((same, changed),) = simulated(tmp_path / str(number), "--flashes", "5", *other).items()
        assert same == name and changed != content


@pytest.mark.parametrize("fault", ["empty", "empty:", "empty:x", "empty:²", "empty:-1"])
def test_a_fault_is_a_name_and_a_granule(tmp_path, capsys, fault):
    """Other texts are refused as they are."""
    with pytest.raises(SystemExit):
        main([*SIMULATE, "--fault", fault, str(tmp_path)])
    assert f"{fault!r} is not NAME:GRANULE" in capsys.readouterr().err


def test_the_last_hour_that_ends_in_time_is_made(tmp_path):
    """Before the year 10000."""
    assert main([*SIMULATE, "--hour", "9999-12-31T22", "--flashes", "0", str(tmp_path)]) == 0


def test_the_seed_decides_all_chance(tmp_path):
    """The same files for the same seed, and others for another; the seed that is not given is 1."""
    first = simulated(tmp_path / "a", "--seed", "1")
    assert first == simulated(tmp_path / "b", "--seed", "1") == simulated(tmp_path / "c")
    second = simulated(tmp_path / "d", "--seed", "2")
    assert len(first) == len(second) == 1
    assert {*first.values()} != {*second.values()}


@pytest.mark.parametrize("zone", ["America/Denver", "Asia/Kolkata"])
def test_an_hour_without_a_zone_is_utc(tmp_path, monkeypatch, zone):
    """Wherever the machine stands; one with a zone is that moment."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        (path,) = simulated(tmp_path / "a", "--flashes", "1")
        (other,) = simulated(tmp_path / "b", "--flashes", "1", "--hour", "2022-12-31T07+02:00")
    finally:
        monkeypatch.undo()
        time.tzset()
    assert path.startswith("GLM-L2-LCFA/2022/365/05/")
    assert other == path


@pytest.mark.parametrize(
    "text",
    [
        *("2022-12-31T05:30", "2022-12-31T05:00:01", "noon", "0001-01-01T00+05:00", "9999-12-31T23-05:00"),
        *("2022-12-31", "20221231", "2022-W52-6"),
    ],
)
def test_a_time_that_is_no_full_hour_is_refused(tmp_path, capsys, text):
    """With what was found."""
    with pytest.raises(SystemExit):
        main(["simulate", "--hour", text, str(tmp_path)])
    assert repr(text) in capsys.readouterr().err


def test_the_demo_compiles_all_that_its_pipeline_needs(monkeypatch):
    """Sweep, silhouettes, gap, stability and storms meet no types for which there is no machine code yet."""
    made, njit = [], numba.njit
    monkeypatch.setattr(
        numba, "njit", lambda *given, **options: made.append(njit(*given, **options)) or made[-1]
    )
    compiled._compile.cache_clear()
    demo.compile_kernels()
    ready = {kernel.py_func.__name__: list(kernel.signatures) for kernel in made}
    random = np.random.default_rng(1)
    points = sphere_points(random.uniform(-90, -60, 1500), random.uniform(-20, 20, 1500))
    sweep = kmeans_sweep(points)
    sweep_silhouettes(sweep)
    sweep_gaps(sweep, 2, sphere=True)
    sweep_stability(sweep, 2)
    near_labels(points, 300.0, 3)
    assert {"_hamerly", "_score_queries", "_join"} <= ready.keys()
    assert {kernel.py_func.__name__: list(kernel.signatures) for kernel in made} == ready


def test_the_demo_says_what_to_do_about_a_file_that_wins_over_it(tmp_path, monkeypatch, capsys):
    """In one sentence, before it writes anything."""
    monkeypatch.chdir(tmp_path)
    Path(".env").touch()
    assert main(["demo"]) == 1
    told = "the file .env of this folder would win over what the demo sets: run the demo in another folder"
    assert capsys.readouterr().err == f"lightning-eda: {told}\n"
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


def test_a_demo_whose_pipeline_fails_says_so(tmp_path, monkeypatch, capsys):
    """Its exit code is that of the pipeline, and the reason is printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", "no/absolute/path")
    monkeypatch.setattr(demo, "DEMO_FLASHES_PER_GRANULE", 0.0)
    monkeypatch.setattr(demo, "other_process", nullcontext)
    code = main(["demo"])
    printed = capsys.readouterr()
    assert code not in (0, None)
    assert printed.err == "The pipeline failed; the reason is above.\n"
    assert "no/absolute/path" in printed.out
    assert "DAGSTER_DISABLE_TELEMETRY=1 dg launch" in printed.out
    assert "3. The database" not in printed.out


@pytest.mark.parametrize("send", [os.kill, os.killpg], ids=["kill", "terminal"])
def test_a_demo_that_is_interrupted_says_so_and_leaves_no_process(tmp_path, send):
    """In one sentence, whether the signal comes to it alone or, as of a terminal, to all it started."""
    code = "import sys; from lightning_eda.cli import demo, main; demo.DEMO_FLASHES_PER_GRANULE = 0.0; "
    with subprocess.Popen(
        [sys.executable, "-u", "-c", code + "sys.exit(main(['demo']))"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Started in the background a process would inherit "ignore interrupts".
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,
    ) as run:
        while not run.stdout.readline().startswith("2. Running"):
            assert run.poll() is None
        run.stdout.readline()
        time.sleep(1)  # until Dagster's command is at work
        send(run.pid, signal.SIGINT)
        assert run.stderr.read() == "lightning-eda: interrupted; run it again\n"
    assert run.returncode == 130
    deadline = time.monotonic() + 10  # multiprocessing's tracker ends by itself
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(run.pid, 0)
            time.sleep(0.1)
