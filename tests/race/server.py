"""Starts, kills and restarts the server. RETENTION_SERVER names its command, RETENTION_SERVE_FLAGS adds flags to serve
(for example --store postgres --connection ...), RETENTION_VERIFY_FLAGS replaces --data DIR of verify."""

import os
import shlex
import signal
import socket
import subprocess
import sys

from client import ROOT, Client



def command():
    if "RETENTION_SERVER" in os.environ:
        return shlex.split(os.environ["RETENTION_SERVER"])
    folder = f"{ROOT}/src/Retention.Server/bin"
    for build in ("Release", "Debug"):
        for name in ("retention", "Retention.Server"):
            if os.path.exists(f"{folder}/{build}/net10.0/{name}.dll"):
                return ["dotnet", f"{folder}/{build}/net10.0/{name}.dll"]
    sys.exit("build src/Retention.Server first")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    def __init__(self, directory, connection=None):
        """With a connection string the store is PostgreSQL; the directory then holds the keys only."""
        self.directory = directory
        self.store = ["--connection", connection] if connection else []
        self.grpc, self.http = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        self.process = None
        self.start()

    def start(self):
        flags = shlex.split(os.environ.get("RETENTION_SERVE_FLAGS", ""))
        if self.store:
            flags += ["--store", "postgres"] + self.store
        self.process = subprocess.Popen(
            command() + ["serve", "--data", self.directory, "--grpc", self.grpc, "--http", self.http] + flags,
            stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("ready"):
            sys.exit(f"the server did not start: {line}")

    def kill_and_restart(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()
        self.start()

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=60)
        self.process.stdout.close()

    def verify(self):
        here = shlex.join(self.store or ["--data", self.directory])
        flags = shlex.split(os.environ.get("RETENTION_VERIFY_FLAGS", here))
        answer = subprocess.run(command() + ["verify"] + flags, stdout=subprocess.PIPE, text=True, check=False)
        return answer.returncode, answer.stdout.strip().splitlines()[-1:] or [""]

    def platform(self):
        with open(os.path.join(self.directory, "bootstrap.key"), encoding="ascii") as key:
            return Client(self.grpc, key.read().strip())
