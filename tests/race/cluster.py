"""A PostgreSQL server of the race's own: a new data directory, a free port, ended with the run."""

import getpass
import glob
import os
import shutil
import socket
import subprocess
import sys
import tempfile

SETTINGS = "max_connections = 200\nshared_buffers = 128MB\nmax_wal_size = 2GB\nfsync = on\nlog_min_messages = fatal\n"


def programs():
    places = [os.environ.get("RETENTION_POSTGRES_BIN", "")] + sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)
    found = [place for place in places if os.path.exists(os.path.join(place, "initdb"))]
    if not found:
        sys.exit("PostgreSQL 15 or newer is not installed (Debian: apt-get install postgresql)")
    return found[0]


class Cluster:
    def __init__(self):
        self.programs = programs()
        self.directory = tempfile.mkdtemp(prefix="retention-race-postgres-")
        # PostgreSQL refuses to run as root.
        self.user = ["runuser", "-u", "postgres", "--"] if getpass.getuser() == "root" else []
        if self.user:
            shutil.chown(self.directory, "postgres")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        data = os.path.join(self.directory, "data")
        self.run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        with open(os.path.join(data, "postgresql.conf"), "a", encoding="ascii") as settings:
            settings.write(SETTINGS + f"listen_addresses = '127.0.0.1'\nport = {self.port}\nunix_socket_directories = '{self.directory}'\n")
        self.data = data
        self.run("pg_ctl", "-D", data, "-l", os.path.join(self.directory, "log"), "-w", "start")
        self.sql("CREATE ROLE retention LOGIN PASSWORD 'none'")
        self.sql("CREATE DATABASE race OWNER retention")

    @property
    def connection(self):
        return f"Host=127.0.0.1;Port={self.port};Database=race;Username=retention;Password=none"

    def stop(self):
        self.run("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.directory)

    def sql(self, statement):
        self.run("psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", "postgres",
                 "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement)

    def run(self, program, *arguments):
        subprocess.run(self.user + ["env", "LC_ALL=C", os.path.join(self.programs, program), *arguments],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, cwd="/")
