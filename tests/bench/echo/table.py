#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Echo servers side by side: table.py [--rounds N] DIRECTORY

In every round each server is started anew and serves 1, 100 and 1,000 connections, one server after the other, on one processor, with
the client on another if there are two. Then each holds 5,000 idle connections. The table has the medians, and what ours needs divided by
what the server by hand needs.
"""

import argparse
import collections
import os
import pathlib
import resource
import statistics
import subprocess
import sys

SERVERS = [("echo-server-epoll", "epoll by hand"), ("echo-server-trio", "ours"), ("echo-server-uv", "libuv")]
LOADS = [(1, 10_000), (100, 150_000), (1_000, 150_000)]
IDLE = 5_000
CORES = sorted(os.sched_getaffinity(0))


def pinned(core):
    return lambda: os.sched_setaffinity(0, {core})


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Server:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdout=subprocess.PIPE, text=True, preexec_fn=pinned(CORES[0]))
        self.port = self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def serve(program, client, connections, requests):
    """{figure: value} of one server under one load."""
    with Server(program) as server:
        # The first requests are slower for everybody: pages are touched, sockets are made.
        run = lambda count: subprocess.run([client, server.port, str(connections), str(count)], check=True, capture_output=True,
                                           text=True, preexec_fn=pinned(CORES[-1])).stdout
        run(max(connections, requests // 20))
        before = cpu_seconds(server.process.pid)
        figures = {name: float(value) for name, value in (line.split() for line in run(requests).splitlines())}
        figures["cpu-us"] = (cpu_seconds(server.process.pid) - before) / requests * 1e6
        return figures


def idle_bytes(program, client):
    with Server(program) as server:
        warm = subprocess.run([client, server.port, "10", "1000"], check=True, capture_output=True)
        before = resident(server.process.pid)
        with subprocess.Popen([client, server.port, str(IDLE), "0"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as idler:
            idler.stdout.readline()
            # One more that is answered: the server has accepted all before it.
            subprocess.run([client, server.port, "1", "10"], check=True, capture_output=True)
            bytes_each = (resident(server.process.pid) - before) / IDLE
            idler.stdin.close()
        del warm
        return bytes_each


def main():
    parser = argparse.ArgumentParser(description="Measures echo servers side by side.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("directory", type=pathlib.Path, help="where the programs were built")
    arguments = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    client = arguments.directory / "echo-client"
    servers = [(arguments.directory / name, title) for name, title in SERVERS if (arguments.directory / name).exists()]

    figures = collections.defaultdict(list)
    for turn in range(1, arguments.rounds + 1):
        for connections, requests in LOADS:
            for program, title in servers:
                if sys.stderr.isatty():
                    print(f"round {turn} of {arguments.rounds}: {connections} connections, {title}      ", end="\r", file=sys.stderr)
                for name, value in serve(program, client, connections, requests).items():
                    figures[title, connections, name].append(value)
    for program, title in servers:
        figures[title, IDLE, "bytes"].append(idle_bytes(program, client))

    line = "{:<14} {:>11} {:>12} {:>10} {:>10} {:>14}   {:<}"
    print(line.format("server", "connections", "requests/s", "p50, us", "p99, us", "CPU us/request", "against epoll by hand: rate, p99, CPU"))
    limit = servers[0][1]
    for connections, _ in LOADS:
        median = lambda title, name: statistics.median(figures[title, connections, name])
        for _, title in servers:
            ratios = ", ".join(f"{median(title, name) / median(limit, name):.2f}" for name in ("rate", "p99-us", "cpu-us"))
            print(line.format(title, f"{connections:,}", f"{median(title, 'rate'):,.0f}", f"{median(title, 'p50-us'):,.0f}",
                              f"{median(title, 'p99-us'):,.0f}", f"{median(title, 'cpu-us'):.2f}", "" if title == limit else ratios))
    print(f"\nresident memory of a connection that says nothing ({IDLE:,} of them), in the server's process:")
    for _, title in servers:
        print(f"  {title:<14} {figures[title, IDLE, 'bytes'][0]:,.0f} bytes")


if __name__ == "__main__":
    main()
