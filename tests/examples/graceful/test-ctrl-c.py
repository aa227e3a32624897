#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The bakery in the real world: one Ctrl-C is closing time, two put out the fire.

test-ctrl-c.py FOLDER-OF-PROGRAMS
"""

import pathlib
import signal
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tidy"))
import tap                                                                               # noqa: E402

PROGRAMS = pathlib.Path(sys.argv[1]).resolve()
HOUR = "3600000"


class Bakery:
    """A server that was started with its defaults for SIGINT, and a customer whose bread is in the oven."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([PROGRAMS / "graceful-server", *arguments], text=True, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        self.port = int(self.process.stdout.readline().rpartition(":")[2])
        self.customer = self.connect()
        self.customer.sendall(b"rye\n")
        self.answers = self.customer.makefile("rb")
        assert self.answers.readline() == b"baking\n"

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def press_ctrl_c(self):
        self.process.send_signal(signal.SIGINT)

    def end(self):
        """The exit code, and what it said."""
        out, errors = self.process.communicate(timeout=60)
        self.answers.close()
        self.customer.close()
        return self.process.returncode, out + errors

    def is_turned_away(self):
        try:
            with self.connect() as late:
                return late.recv(1) == b""
        except ConnectionError:
            return True


def test_the_first_one_lets_the_bread_come_out():
    bakery = Bakery("--baking", "300", "--grace", HOUR)
    idle = bakery.connect()
    bakery.press_ctrl_c()
    assert bakery.process.stdout.readline().startswith("closing")
    assert bakery.is_turned_away()
    assert bakery.answers.readline() == b"rye\n"
    code, said = bakery.end()
    idle.close()
    assert code == 0, said
    assert "1 ordered, 1 baked, 0 wasted" in said, said


def test_the_second_one_does_not_wait():
    bakery = Bakery("--baking", HOUR, "--grace", HOUR)
    bakery.press_ctrl_c()
    assert bakery.process.stdout.readline().startswith("closing")
    bakery.press_ctrl_c()
    assert bakery.answers.readline() == b""
    code, said = bakery.end()
    assert code == 1, said
    assert "1 ordered, 0 baked, 1 wasted" in said, said
    assert "keyboard interrupt" in said, said


def test_the_fire_is_put_out_when_the_grace_period_is_over():
    bakery = Bakery("--baking", HOUR, "--grace", "100")
    bakery.press_ctrl_c()
    assert bakery.answers.readline() == b""
    code, said = bakery.end()
    assert code == 0, said
    assert "1 ordered, 0 baked, 1 wasted" in said, said


sys.exit(tap.run(test_the_first_one_lets_the_bread_come_out, test_the_second_one_does_not_wait,
                 test_the_fire_is_put_out_when_the_grace_period_is_over))
