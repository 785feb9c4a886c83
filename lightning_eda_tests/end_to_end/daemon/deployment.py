"""A deployment as operations.md describes it: a DAGSTER_HOME, a daemon, and the processes it starts."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg

from lightning_eda_tests.end_to_end.commands import BIN, ROOT, command, environment, project_folder

MARKS = {
    "daemon": "dagster-daemon run",
    "code server": "dagster api grpc",
    "run worker": "spawn_main",
    "decoder": "glm.transform.child",
}


@dataclass
class Deployment:
    """Where it lies, and how its processes are started and found.

    Attributes:
        folder: The project folder.
        home: DAGSTER_HOME, with the settings of deploy/dagster.yaml.
        variables: What is set for its processes besides.
    """

    folder: Path
    home: Path
    variables: dict[str, str]
    _daemons: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @classmethod
    def make(cls, place: Path, **variables: str) -> "Deployment":
        """A new one in an empty folder."""
        home = place / "home"
        home.mkdir(parents=True)
        shutil.copy(ROOT / "deploy" / "dagster.yaml", home)
        folder = project_folder(place / "project")
        made = cls(folder, home, {**variables, "DAGSTER_HOME": str(home), "PYTHONWARNINGS": "ignore"})
        made.run("dagster", "instance", "migrate")
        return made

    def load(self, module: str) -> None:
        """Makes its processes load another module in place of lightning_eda.definitions."""
        (self.folder / "workspace.yaml").write_text(
            f"load_from:\n  - python_module: {{module_name: {module}, location_name: lightning_eda}}\n"
        )

    def run(self, *words: str) -> str:
        """Runs a command to its end, which must be a good one; what it says."""
        return command(*words, cwd=self.folder, **self.variables).stdout

    def start_daemon(self) -> None:
        """Starts the daemon, as a service manager does; its log is added to that of the ones before."""
        with (self.folder / "daemon.log").open("ab") as log:
            started = subprocess.Popen(
                [str(BIN / "dagster-daemon"), "run"],
                cwd=self.folder,
                env=environment(**self.variables),
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,
            )
        self._daemons.append(started)

    @contextmanager
    def daemon(self) -> Iterator["Deployment"]:
        """The daemon at work; at the end of the block all processes of the deployment are gone."""
        self.start_daemon()
        try:
            yield self
        finally:
            for pid in self.processes():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            for one in self._daemons:
                one.wait(30)

    def processes(self, kind: str = "") -> list[int]:
        """The ids of its processes, or of those of a kind of `MARKS`."""
        mark = f"DAGSTER_HOME={self.home}\0".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if mark in (process / "environ").read_bytes() + b"\0" and MARKS.get(kind, "") in words:
                    found.append(int(process.name))
        return [pid for pid in found if pid != os.getpid()]

    def kill(self, kind: str) -> int | None:
        """Kills the newest process of a kind with -9; its id, None when there is none."""
        pid = max(self.processes(kind), default=None)
        if pid is None:
            return None
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        for one in self._daemons:
            if one.pid == pid:
                one.wait(30)
        return pid

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        """Its Dagster instance."""
        with dg.DagsterInstance.from_config(str(self.home)) as opened:
            yield opened

    def runs(self, **filters: object) -> list[dg.DagsterRun]:
        """Its runs, the newest first."""
        with self.instance() as instance:
            return list(instance.get_runs(filters=dg.RunsFilter(**filters)))

    def launch(self, job: str, partition: str) -> None:
        """Puts a run into the queue."""
        tags = f'{{"dagster/partition": "{partition}"}}'
        self.run("dagster", "job", "launch", "-w", "workspace.yaml", "-j", job, "--tags", tags)
