#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""test-scale.py PLANTED FOLDER-OF-JOBS: many processes and many machines, what they find together, and how it is told to programs."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "tidy"))
import tap  # noqa: E402

PLANTED = pathlib.Path(sys.argv[1]).resolve()
JOBS = pathlib.Path(sys.argv[2])
ENVIRONMENT = {**os.environ, "NO_COLOR": "1"}


def run(folder, arguments, code=None):
    done = subprocess.run([PLANTED, *arguments.split()], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert code is None or done.returncode == code, f"{arguments} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done


def end(folder, arguments):
    """The last object of a search."""
    return json.loads(run(folder, arguments + " --json").stdout.splitlines()[-1])


def events(folder, arguments):
    return [json.loads(line) for line in run(folder, arguments + " --json").stdout.splitlines()]


def scratch(test):
    """Gives the test an empty folder."""
    def with_folder():
        with tempfile.TemporaryDirectory() as folder:
            return list(test(pathlib.Path(folder)) or [])
    with_folder.__name__ = test.__name__
    return with_folder


# ---- Shards -------------------------------------------------------------------------------------------------------------------


@scratch
def test_the_shards_of_each_command_are_together_the_whole(folder):
    for arguments in ("explore -s half-transfer --inject cancel --keep-going --runs 97", "sweep -s half-transfer --inject cancel",
                      "sweep -s clean --pairs --max 150", "exhaust -s clean -d 2", "exhaust -s clean --reduce none"):
        def figures(result):
            return [result["runs"], result["steps"], sum(failure["times"] for failure in result["failures"])]

        whole = figures(end(folder, f"{arguments} --budget 0"))
        for jobs in (1, 2):
            shards = [figures(end(folder, f"{arguments} --budget 0 --jobs {jobs} --shard {i}/3")) for i in (1, 2, 3)]
            if [sum(column) for column in zip(*shards)] != whole or any(shard[0] == 0 for shard in shards):
                yield f"{arguments}: {shards} are not {whole}"


@scratch
def test_whose_run_it_is_depends_on_its_number_alone(folder):
    """The portfolio has 29 turns in a round."""
    turns, n_again = {}, 0
    for seed in range(1, 16):
        for shard in ("1/2", "2/2"):
            for failure in end(folder, f"explore -s lost-update --seed {seed} --shard {shard} --budget 0 --jobs 2")["failures"]:
                # The first run is the ordinary one; what is measured stands behind the member's name.
                if failure["run"] > 1:
                    turn, member = (failure["run"] - 2) % 29, failure["strategy"].split(",")[0]
                    n_again += turn in turns
                    if turns.setdefault(turn, member) != member:
                        yield f"turn {turn} is {turns[turn]} and {member}"
    if n_again < 10 or len(set(turns.values())) < 2:
        yield f"{n_again}: {turns}"


@scratch
def test_a_shard_of_all_schedules_claims_only_its_part(folder):
    words = run(folder, "exhaust -s clean -d 1 --shard 2/2", 0).stdout
    if "This is shard 2 of 2" not in words:
        yield words


@scratch
def test_what_cannot_be_split_is_refused(folder):
    done = run(folder, "exhaust -s clean --reduce objects --shard 1/2", 2)
    if "--reduce objects and --shard exclude each other" not in done.stderr:
        yield done.stderr


@scratch
def test_a_goal_that_one_shard_does_not_reach_is_no_failure(folder):
    run(folder, "explore -s unreached-goal --runs 400 --shard 1/2", 0)
    run(folder, "explore -s unreached-goal --runs 400", 1)


# ---- What is kept -------------------------------------------------------------------------------------------------------------


@scratch
def test_folders_of_schedules_are_merged_by_copying_files(folder):
    """Different campaigns at the same run, in different shards: no file takes the place of another."""
    wholes = []
    for number, arguments in enumerate(["explore -s half-transfer --inject cancel --shard 1/2", "explore -s half-transfer --inject cancel --shard 2/2",
                                        "explore -s half-transfer --inject cancel,interrupt --shard 1/2",
                                        "sweep -s half-transfer --inject cancel --shard 1/2", "sweep -s half-transfer --shard 1/2",
                                        "exhaust -s half-transfer --inject cancel -d 1", "explore -s abba"]):
        run(folder, f"{arguments} --keep {number}", 1)
        wholes += (folder / str(number)).iterdir()
    names = {path.name for path in wholes}
    if len(names) != len(wholes):
        yield f"names collide: {sorted(path.name for path in wholes)}"
    (folder / "all").mkdir()
    for path in wholes:
        shutil.copy(path, folder / "all")
    kept = [event for event in events(folder, "explore -s half-transfer --inject cancel --keep all") if event["event"] == "kept"]
    if len(kept) != 1 or kept[0]["replayed"] != len(wholes) - 1 or kept[0]["failing"] != kept[0]["replayed"]:
        yield f"of {len(wholes) - 1} schedules: {kept}"
    if {path.name for path in (folder / "all").iterdir()} != names:
        yield "a failure that was known was kept again"


@scratch
def test_a_failure_that_is_found_twice_is_recognised(folder):
    first = end(folder, "explore -s lost-update --keep kept")["failures"]
    again = end(folder, "explore -s lost-update --seed 9 --keep kept")["failures"]
    if len(again) != 1 or not again[0].get("known") or again[0]["schedule"] != first[0]["schedule"] or "known" in first[0]:
        yield f"{first} and then {again}"
    if again[0]["deviations"] != first[0]["deviations"] or again[0]["shrink_runs"] != 0:
        yield f"it was made small again: {again}"


@scratch
def test_what_fails_still_is_a_failure_though_the_search_does_not_find_it(folder):
    run(folder, "explore -s lost-update --keep kept", 1)
    result = end(folder, "explore -s lost-update --runs 1 --keep kept")
    words = run(folder, "explore -s lost-update --runs 1 --keep kept", 1).stdout
    if [(failure["run"], failure["strategy"], failure["known"]) for failure in result["failures"]] != [(0, "replay", True)]:
        yield f"{result}"
    if "replayed 1 kept schedule from kept: 1 still fails\n" not in words or "kept before, and still there" not in words:
        yield words


@scratch
def test_what_does_not_fail_any_more_is_told_and_left_alone(folder):
    run(folder, "explore -s lost-update --keep kept", 1)
    path, = (folder / "kept").iterdir()
    # As if the program had been repaired: no task of that name asks any more.
    path.write_text(path.read_text().replace("main/first", "main/gone").replace("main/second", "main/gone#2"))
    text = path.read_text()
    done = run(folder, "explore -s lost-update --runs 1 --keep kept", 0)
    if "1 kept schedule from kept: 0 still fail, 1 does not any more" not in done.stdout or "not all of its decisions found their place" not in done.stdout:
        yield done.stdout
    if path.read_text() != text:
        yield "the file was changed"


@scratch
def test_files_that_are_no_schedules_do_no_harm(folder):
    (folder / "kept").mkdir()
    (folder / "kept" / "broken.schedule").write_text("nonsense\n")
    (folder / "kept" / "notes.txt").write_text("mine\n")
    done = run(folder, "explore -s clean --runs 3 --keep kept", 0)
    if "a kept schedule is left out: " not in done.stderr or "broken.schedule" not in done.stderr or "kept schedule" in done.stdout:
        yield done.stdout + done.stderr


# ---- For programs that run tests ----------------------------------------------------------------------------------------------


def tap_lines(text):
    return [line for line in text.splitlines() if line and line[0] not in "# "]


def diagnostics(text):
    """The blocks of YAML: keys with JSON values, but for lines of text behind a "|"."""
    blocks = []
    for block in re.findall(r"^  ---\n(.*?)^  \.\.\.\n", text, flags=re.MULTILINE | re.DOTALL):
        values = {}
        for line in block.splitlines():
            if line.startswith("    "):
                values["told"] += line[4:] + "\n"
            elif line == "  told: |":
                values["told"] = ""
            else:
                key, value = re.fullmatch(r"  ([a-z]+): (.*)", line).groups()
                values[key] = json.loads(value)
        try:
            import yaml
            assert yaml.safe_load(block) == values, (yaml.safe_load(block), values)
        except ImportError:
            pass
        blocks.append(values)
    return blocks


@scratch
def test_tap_has_one_test_a_scenario_and_one_a_failure(folder):
    good = tap_lines(run(folder, "explore -s clean --runs 20 --tap", 0).stdout)
    bad = run(folder, "explore -s two-failures --keep-going --tap", 1).stdout
    if good != ["TAP version 13", "ok 1 explore clean: 20 runs", "1..1"]:
        yield f"{good}"
    if tap_lines(bad) != ["TAP version 13", "not ok 1 explore two-failures: 1,000 runs, found always: never two steps behind; always: never one step behind",
                          "not ok 2 explore two-failures: always: never two steps behind",
                          "not ok 3 explore two-failures: always: never one step behind", "1..3"]:
        yield bad
    scenario, first, second = diagnostics(bad)
    if (scenario["runs"], scenario["seed"], scenario["strategy"], scenario["severity"]) != (1000, 1, "portfolio", "fail"):
        yield f"{scenario}"
    for failure in (first, second):
        if subprocess.run(failure["replay"], shell=True, cwd=folder, env=ENVIRONMENT, capture_output=True, check=False).returncode != 1:
            yield f"the command of {failure} does not fail"
        if not (folder / failure["schedule"]).exists() or failure["seed"] != 1 or failure["run"] < 2 or "The ordinary run, except:" not in failure["told"]:
            yield f"{failure}"
    run(folder, "explore -s clean --tap --json", 2)


@scratch
def test_perl_reads_the_tap_and_its_yaml(folder):
    if shutil.which("perl") is None or subprocess.run(["perl", "-MTAP::Parser", "-e1"], capture_output=True, check=False).returncode != 0:
        return
    script = ('my $p = TAP::Parser->new ({ exec => [@ARGV] }); my $n = 0; while (my $r = $p->next) { $n++ if $r->is_yaml && $r->data->{message}; } '
              'print $p->tests_planned, " ", scalar ($p->failed), " ", $n, " ", join (";", $p->parse_errors), "\\n"')
    for scenario in ("two-failures", "null-pointer", "<odd> & 'x' #1"):
        done = subprocess.run(["perl", "-MTAP::Parser", "-e", script, PLANTED, "explore", "--keep-going", "--tap", "-s", scenario], cwd=folder, env=ENVIRONMENT,
                              capture_output=True, text=True, check=False)
        count = 3 if scenario == "two-failures" else 2
        if done.stdout != f"{count} {count} {count} \n":
            yield f"{scenario}: {done.stdout}{done.stderr}"


# Of Jenkins' schema, junit-10.xsd: what each element may hold, and its attributes, those that must be there first.
SHAPE = {
    "testsuites": ({"testsuite"}, set(), {"name", "time", "tests", "failures", "disabled", "errors"}),
    "testsuite": ({"properties", "testcase", "system-out", "system-err"}, {"name", "tests", "failures", "errors"},
                  {"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url", "version"}),
    "properties": ({"property"}, set(), set()),
    "property": (set(), {"name", "value"}, set()),
    "testcase": ({"skipped", "error", "failure", "system-out", "system-err"}, {"name", "classname"},
                 {"assertions", "time", "status", "group", "file", "line"}),
    "failure": (set(), set(), {"type", "message"}),
    "error": (set(), set(), {"type", "message"}),
    "skipped": (set(), set(), {"type", "message"}),
    "system-out": (set(), set(), set()),
}


def misshapen(element):
    children, must, may = SHAPE[element.tag]
    names = set(element.attrib)
    if not must <= names or not names <= must | may:
        yield f"<{element.tag}> has {sorted(names)}"
    for name in names & {"tests", "failures", "errors", "skipped"}:
        if not element.attrib[name].isdigit():
            yield f"{name}={element.attrib[name]}"
    if "time" in names and not re.fullmatch(r"\d+\.\d{3}", element.attrib["time"]):
        yield f"time={element.attrib['time']}"
    # Of several, Jenkins keeps one.
    if element.tag == "testcase" and len(element.findall("failure")) + len(element.findall("error")) > 1:
        yield f"{element.attrib} has more than one failure"
    if element.tag in ("testsuites", "testsuite"):
        for name, what in (("tests", "testcase"), ("failures", "testcase/failure"), ("errors", "testcase/error"), ("skipped", "testcase/skipped")):
            there = len(element.findall(f"testsuite/{what}" if element.tag == "testsuites" else what))
            if name in names and element.attrib[name] != str(there):
                yield f"{name}={element.attrib[name]}, and there are {there}"
    if element.tag == "testsuite":
        cases = [(case.get("classname"), case.get("name")) for case in element.findall("testcase")]
        if len(set(cases)) != len(cases):
            yield f"two cases of one name: {cases}"
    for child in element:
        if child.tag in children:
            yield from misshapen(child)
        else:
            yield f"<{child.tag}> in <{element.tag}>"


@scratch
def test_junit_is_what_its_readers_expect(folder):
    run(folder, "explore -s null-pointer --junit crash.xml", 1)
    run(folder, "sweep -s half-transfer --junit sweep.xml --json", 1)
    run(folder, "exhaust -s clean -d 1 --junit clean.xml --tap", 0)
    for name, command, scenario, n_failed in (("crash", "explore", "null-pointer", 2), ("sweep", "sweep", "half-transfer", 2), ("clean", "exhaust", "clean", 0)):
        root = xml.etree.ElementTree.parse(folder / f"{name}.xml").getroot()
        yield from misshapen(root)
        suite, = root
        cases = suite.findall("testcase")
        if [suite.get(key) for key in ("name", "tests", "failures", "errors", "skipped")] != [f"planted.{command}.{scenario}", str(max(n_failed, 1)), str(n_failed),
                                                                                               "0", "0"]:
            yield f"{name}: {suite.attrib}"
        if (cases[0].get("name"), cases[0].get("classname")) != (scenario, f"planted.{command}"):
            yield f"{name}: {xml.etree.ElementTree.tostring(root, encoding='unicode')}"
        for case in cases[1:]:
            if case.get("classname") != f"planted.{command}.{scenario}" or case.get("name") != case.find("failure").get("message"):
                yield f"{name}: {xml.etree.ElementTree.tostring(case, encoding='unicode')}"


@scratch
def test_junit_has_a_case_for_each_failure_with_the_command_that_replays_it(folder):
    run(folder, "explore -s two-failures --keep-going --seed 7 --inject cancel --junit x.xml", 1)
    suite, = xml.etree.ElementTree.parse(folder / "x.xml").getroot()
    properties = {each.get("name"): each.get("value") for each in suite.find("properties")}
    if properties != {"command": "explore", "scenario": "two-failures", "strategy": "portfolio", "seed": "7", "inject": "cancel", "runs": "1000"}:
        yield f"{properties}"
    if len(suite.findall("testcase")) != 3:
        yield xml.etree.ElementTree.tostring(suite, encoding="unicode")
    for case in suite.findall("testcase")[1:]:
        command = case.find("failure").text.splitlines()[0]
        if not re.fullmatch(r"\S+planted replay \S+\.schedule", command) or case.find("failure").get("type") != "always":
            yield command
        done = subprocess.run(command, shell=True, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)
        if case.get("name") not in done.stdout:
            yield f"{command}: {done.stdout}"


@scratch
def test_words_that_need_care_are_well_formed_everywhere(folder):
    """Quotes, tags, control characters, what is not UTF-8, what is no character; in a name, in a message, in the name of a file."""
    scenario = "<odd> & 'x' #1"
    done = subprocess.run([PLANTED, "explore", "-s", scenario, "--tap", "--junit", "x.xml", "--keep", "it's kept"], cwd=folder, env=ENVIRONMENT,
                          capture_output=True, text=True, errors="replace", check=False)
    root = xml.etree.ElementTree.parse(folder / "x.xml").getroot()
    yield from misshapen(root)
    first, second = root.iter("testcase")
    if first.get("name") != scenario or second.get("classname") != f"planted.explore.{scenario}":
        yield xml.etree.ElementTree.tostring(root, encoding="unicode")
    words = second.find("failure").text
    if '"quotes" & <tags> ]]> # ? red\ttab\n...\n  ---\n\u00e9 \ufffd \ufffd' not in words:
        yield words
    for command in (words.splitlines()[0], diagnostics(done.stdout)[1]["replay"]):
        if subprocess.run(command, shell=True, cwd=folder, env=ENVIRONMENT, capture_output=True, check=False).returncode != 1:
            yield command
    if [line.split(":")[0] for line in tap_lines(done.stdout)[1:3]] != ["not ok 1 explore " + scenario.replace("#", "\\#"),
                                                                        "not ok 2 explore " + scenario.replace("#", "\\#")]:
        yield done.stdout
    if diagnostics(done.stdout)[1]["scenario"] != scenario:
        yield done.stdout


@scratch
def test_a_file_for_junit_that_cannot_be_written_is_told_first(folder):
    done = run(folder, "explore -s spin --junit nowhere/x.xml", 2)
    if "nowhere/x.xml" not in done.stderr:
        yield done.stderr


# ---- Ctrl-C -------------------------------------------------------------------------------------------------------------------


def interrupted(folder, arguments, awaited):
    """What it printed, and its exit code; a real SIGINT comes when a line says what is awaited."""
    with subprocess.Popen([PLANTED, *arguments.split()], cwd=folder, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as search:
        lines = []
        for line in search.stdout:
            lines.append(line)
            if awaited in line:
                break
        search.send_signal(signal.SIGINT)
        rest, _ = search.communicate(timeout=60)
    return "".join(lines) + rest, search.returncode


@scratch
def test_ctrl_c_leaves_what_was_found_so_far(folder):
    """The search is in a scenario that never ends; those before it have failed."""
    for command in ("explore --runs 40", "sweep --max 40", "exhaust -d 1 --inject cancel"):
        out, code = interrupted(folder, f"{command} --timeout 0 --budget 0 --json --junit {command[:5]}.xml --jobs 2", '"begin", "command": "'
                                + command.split()[0] + '", "scenario": "spin"')
        last = [json.loads(line) for line in out.splitlines()]
        root = xml.etree.ElementTree.parse(folder / f"{command[:5]}.xml").getroot()
        yield from misshapen(root)
        if code != 1 or last[-1]["event"] != "all" or not last[-1]["failures"]:
            yield f"{command}: exit code {code}, {out[-2000:]}"
        spin = [case for case in root.iter("testcase") if case.get("name") == "spin"]
        if [case.find("skipped") is not None for case in spin] != [True]:
            yield f"{command}: {xml.etree.ElementTree.tostring(root, encoding='unicode')[-2000:]}"
        if {event["interrupted"] for event in last if event["event"] == "end" and event["scenario"] == "spin"} != {True}:
            yield f"{command}: {out[-2000:]}"


@scratch
def test_ctrl_c_with_nothing_found_is_exit_code_0(folder):
    out, code = interrupted(folder, "explore -s spin --timeout 0 --json", '"begin"')
    if code != 0 or json.loads(out.splitlines()[-1])["failures"]:
        yield f"exit code {code}: {out}"


# ---- As it is used ------------------------------------------------------------------------------------------------------------


def job(folder, name, scenario):
    """The text of a job, with a smaller campaign and a place of ours; PLANTED goes by the name of the program in it."""
    (folder / "bin").mkdir(exist_ok=True)
    if not (folder / "bin" / "ledger-sim").exists():
        (folder / "bin" / "ledger-sim").symlink_to(PLANTED)
    text = (JOBS / name).read_text()
    assert text.count("1000000") == 1 and text.count("-s overdraft") == 1, text
    return text.replace("1000000", "96").replace("-s overdraft", f"-s {scenario}")


def shell(folder, text, **variables):
    environment = {**ENVIRONMENT, "PATH": f"{folder / 'bin'}:{ENVIRONMENT['PATH']}", **variables}
    return subprocess.run(["sh", "-c", text], cwd=folder, env=environment, capture_output=True, text=True, check=False)


def runs_in(folder, pattern):
    texts = [(xml.etree.ElementTree.parse(path).getroot().find(".//system-out").text) for path in folder.glob(pattern)]
    return len(texts), sum(int(text.split()[0]) for text in texts)


@scratch
def test_gnu_parallel_does_the_whole_campaign(folder):
    """Where there is none, a shell does what it would do."""
    for scenario in ("clean", "lost-update"):
        text = job(folder, "parallel", scenario)
        if shutil.which("parallel") is None:
            command, words = re.search(r'^parallel --halt never "(.*)" ::: ([\d ]+)$', text, flags=re.MULTILINE).groups()
            text = f"for i in {words}; do {command.replace('{}', '$i')}; done"
        done = shell(folder, text, PARALLEL_HOME=str(folder))
        if scenario == "clean" and runs_in(folder, "results-*.xml") != (8, 96):
            yield f"{runs_in(folder, 'results-*.xml')}: {done.stdout}{done.stderr}"
        if scenario != "clean" and not list((folder / "kept").iterdir()):
            yield f"{done.stdout}{done.stderr}"


@scratch
def test_a_job_of_slurm_does_the_whole_campaign(folder):
    text = job(folder, "slurm", "clean")
    directive, = re.findall(r"^#SBATCH (.*)$", text, flags=re.MULTILINE)
    if not re.fullmatch(r"(--[a-z-]+=\S+ ?)+", directive):
        yield directive
    for task in ("1", "2", "3"):
        done = shell(folder, text, SLURM_ARRAY_TASK_ID=task, SLURM_ARRAY_TASK_COUNT="3", SLURM_CPUS_PER_TASK="1")
        if done.returncode != 0:
            yield f"{done.stdout}{done.stderr}"
    if runs_in(folder, "results-*.xml") != (3, 96):
        yield f"{runs_in(folder, 'results-*.xml')}"


@scratch
def test_an_indexed_job_of_kubernetes_does_the_whole_campaign(folder):
    text = job(folder, "kubernetes.yaml", "lost-update").replace("/results", str(folder / "results"))
    (folder / "results").mkdir()
    try:
        import yaml
        spec = yaml.safe_load(text)["spec"]
        container, = spec["template"]["spec"]["containers"]
        if spec["completionMode"] != "Indexed" or str(spec["completions"]) != container["env"][0]["value"]:
            yield f"{spec}"
        script, = container["args"]
    except ImportError:
        script = re.search(r"args:\n +- \|\n((?: {14}.*\n)+)", text).group(1)
    for index in range(3):
        done = shell(folder, script, JOB_COMPLETION_INDEX=str(index), SHARDS="3")
        if done.returncode != 0:
            yield f"{done.stdout}{done.stderr}"
    if not list((folder / "results" / "kept").iterdir()) or len(list((folder / "results").glob("*.xml"))) != 3:
        yield f"{list(folder.rglob('*'))}"


if __name__ == "__main__":
    sys.exit(tap.run(*[test for name, test in list(globals().items()) if name.startswith("test_")]))
