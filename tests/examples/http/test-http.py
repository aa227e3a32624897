#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""http-server in the real world: curl, and clients that are slow, long-winded, or there at closing time.

test-http.py HTTP-SERVER
"""

import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tidy"))
import tap                                                                               # noqa: E402

PROGRAM = pathlib.Path(sys.argv[1]).resolve()
BIG = bytes(range(256)) * 4000


class Server:
    """It serves a folder with two files, and is stopped at the end."""

    def __init__(self, *arguments):
        self.folder = tempfile.TemporaryDirectory()
        (pathlib.Path(self.folder.name) / "page.html").write_text("<p>hello\n")
        (pathlib.Path(self.folder.name) / "big.bin").write_bytes(BIG)
        self.process = subprocess.Popen([PROGRAM, *arguments, self.folder.name], text=True, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        self.url = self.process.stdout.readline().strip()
        self.port = int(self.url.rstrip("/").rpartition(":")[2])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()
        self.folder.cleanup()

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def ask(self, *pieces):
        """The whole answer to a request."""
        with self.connect() as client:
            for piece in pieces:
                client.sendall(piece)
            return client.makefile("rb").read()

    def tell(self, number):
        self.process.send_signal(number)

    def end(self):
        out, errors = self.process.communicate(timeout=60)
        return self.process.returncode, out + errors


def curl(*arguments):
    if shutil.which("curl") is None:
        raise tap.Skip("there is no curl here")
    return subprocess.run(["curl", "--silent", "--show-error", "--noproxy", "*", "--http1.0", "--max-time", "60", *arguments], check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout


def test_curl_gets_the_pages():
    with Server() as server:
        assert curl(server.url + "page.html") == b"<p>hello\n"
        assert curl(server.url + "big.bin?a=b") == BIG
        assert b"One nursery" in curl(server.url)
        assert curl("--output", "/dev/null", "--write-out", "%{http_code}", server.url + "missing") == b"404"
        head = curl("--head", server.url + "page.html")
        assert b"200 OK" in head and b"text/html" in head and b"Content-Length: 9\r\n" in head, head
        assert curl("--output", "/dev/null", "--write-out", "%{http_code}", "--data-binary", f"@{server.folder.name}/big.bin", server.url) == b"501"


def test_many_curls_at_once_get_them_all():
    with Server() as server:
        transfers = [word for i in range(40) for word in ("--output", f"{server.folder.name}/{i}", server.url + "big.bin")]
        curl("--parallel", "--parallel-immediate", *transfers)
        for i in range(40):
            assert (pathlib.Path(server.folder.name) / str(i)).read_bytes() == BIG


def test_a_request_may_come_byte_for_byte():
    with Server() as server:
        request = b"GET /page.html HTTP/1.0\r\nA: b\r\n\r\n"
        assert server.ask(*(request[i:i + 1] for i in range(len(request)))).endswith(b"\r\n\r\n<p>hello\n")


def test_nonsense_is_refused_and_the_refusal_arrives():
    with Server() as server:
        for request in (b"hello\r\n\r\n", b"GET page HTTP/1.0\r\n\r\n", b"GET /" + b"x" * 100000, b"GET / HTTP/1.0\r\n" + b"a: b\r\n" * 200):
            assert server.ask(request).startswith(b"HTTP/1.0 400 "), request[:40]


def test_the_slow_are_told_so():
    with Server("--patience", "100") as server:
        assert server.ask(b"GET / HT").startswith(b"HTTP/1.0 408 ")
        assert server.ask(b"").startswith(b"HTTP/1.0 408 ")


def check_closing_time(number):
    with Server() as server, server.connect() as silent, server.connect() as begun:
        begun.sendall(b"GET /page.html HTTP/1.0\r\n")
        server.ask(b"GET / HTTP/1.0\r\n\r\n")       # behind the first piece
        server.tell(number)
        assert server.process.stdout.readline().startswith("closing")
        assert silent.recv(1) == b""
        begun.sendall(b"\r\n")
        assert begun.makefile("rb").read().endswith(b"<p>hello\n")
        code, said = server.end()
        assert code == 0, said
        assert "2 answered, 1 silent, 0 broken" in said, said


def test_at_closing_time_who_has_begun_is_answered_and_the_silent_go():
    check_closing_time(signal.SIGINT)


def test_sigterm_is_closing_time_too():
    check_closing_time(signal.SIGTERM)


def test_a_second_sigterm_does_not_wait():
    with Server() as server, server.connect() as begun:
        begun.sendall(b"GET /page.html HTTP/1.0\r\n")
        server.ask(b"GET / HTTP/1.0\r\n\r\n")
        server.tell(signal.SIGTERM)
        assert server.process.stdout.readline().startswith("closing")
        server.tell(signal.SIGTERM)
        code, said = server.end()
        assert code == -signal.SIGTERM, said


def test_a_page_is_what_its_file_is_now():
    with Server() as server:
        page = pathlib.Path(server.folder.name) / "page.html"
        page.write_text("another one\n")
        assert server.ask(b"GET /page.html HTTP/1.0\r\n\r\n").endswith(b"\r\n\r\nanother one\n")
        page.unlink()
        assert server.ask(b"GET /page.html HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 404 ")


sys.exit(tap.run(test_curl_gets_the_pages, test_many_curls_at_once_get_them_all, test_a_request_may_come_byte_for_byte,
                 test_nonsense_is_refused_and_the_refusal_arrives, test_the_slow_are_told_so,
                 test_at_closing_time_who_has_begun_is_answered_and_the_silent_go, test_sigterm_is_closing_time_too,
                 test_a_second_sigterm_does_not_wait, test_a_page_is_what_its_file_is_now))
