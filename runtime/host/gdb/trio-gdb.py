# SPDX-License-Identifier: MIT OR Apache-2.0
"""Trio's tasks in gdb, of a live process or a core file. But for `trio gcore` it only reads: nothing is run or written.

    trio tasks             every task of every run: what it waits for, and under whom
    trio bt TASK           the frames in which a task is suspended
    trio switch TASK       from now on bt, up, info locals … are about that task, until `trio back`, or until the program goes on
    trio gcore FILE        generate-core-file with the stacks in it (see Gcore below)

TASK is a serial number as `trio tasks` shows it, or RUN.SERIAL if there are several runs. A live process can also say more about
itself: call trio_dump ().

How it gets there: gdb begins every stack at the registers of a thread. While a task is shown, an unwinder answers, for that first
frame only, that its caller is what the switch saved on the task's stack (runtime/core/fiber/fiber-*.S). So frame 0 stays what the
thread really does.
"""

import gdb
import gdb.unwinder

STATES = ["can run", "runs", "waits", "has ended"]

# Where the switch saves a register, counted from the stack pointer that it stores; and where that pointer is after it.
LAYOUTS = {
    "x86-64": ({"r15": 8, "r14": 16, "r13": 24, "r12": 32, "rbx": 40, "rbp": 48, "rip": 56}, "rsp", 64),
    "aarch64": ({**{f"x{19 + i}": 8 * i for i in range(11)}, "pc": 88}, "sp", 176),
}


def links(head):
    """The links of an intrusive list, in order. A broken list (a core file may hold anything) ends."""
    seen = set()
    link = head["next"]
    while int(link) != int(head.address) and int(link) not in seen:
        seen.add(int(link))
        yield link
        link = link["next"]


def container(link, type_name, member):
    """The structure in which a link is a member."""
    kind = gdb.lookup_type(type_name)
    offset = next(field.bitpos // 8 for field in kind.fields() if field.name == member)
    return gdb.Value(int(link) - offset).cast(kind.pointer())


def runs():
    """Every run of the process, in order of making."""
    try:
        head = gdb.parse_and_eval("*(TrioList *) &trio_loops")
        gdb.lookup_type("struct _TrioLoop")
    except gdb.error as reason:
        raise gdb.GdbError(f"there is no Trio here, or no debugging information about it: {reason}") from None
    return [container(link, "struct _TrioLoop", "registry_link") for link in links(head)]


def tasks(loop):
    """(depth, task) of a run, parents before children, siblings in order of birth."""
    init = loop["init"]
    waiting = [(0, init)] if int(init) else []
    while waiting:
        depth, task = waiting.pop()
        yield depth, task
        children = [container(link, "struct _TrioTask", "sibling_link")
                    for nursery in links(task["nurseries"])
                    for link in links(container(nursery, "struct _TrioNursery", "task_link")["children"])]
        waiting += [(depth + 1, child) for child in reversed(children)]


def text(pointer):
    return pointer.string() if int(pointer) else "nothing"


def describe(task):
    state = STATES[int(task["state"])]
    if state == "waits":
        state += f" in {text(task['wait']['what'])}"
    scope = task["scope"]
    if int(scope) and int(scope["effective"]):
        state += f"; {text(scope['source']['reason'])}"
    return f"{text(task['name'])}: {state}"


def find(words):
    """The task that a person names by SERIAL or RUN.SERIAL."""
    run, dot, serial = words.strip().rpartition(".")
    if not serial.isdigit() or (dot and not run.isdigit()):
        raise gdb.GdbError("which task? a serial number, or RUN.SERIAL, as `trio tasks` shows them")
    found = [task for number, loop in enumerate(runs(), 1) if not run or number == int(run)
             for _, task in tasks(loop) if int(task["serial"]) == int(serial)]
    if not found:
        raise gdb.GdbError(f"there is no task {words.strip()}")
    if len(found) > 1:
        raise gdb.GdbError(f"several runs have a task {serial}: say RUN.{serial}")
    return found[0]


class SuspendedTask(gdb.unwinder.Unwinder):
    """Puts a task's frames behind the first frame of one thread."""

    def __init__(self):
        super().__init__("trio-suspended-task")
        self.sp = None            # what the switch stored; None: out of the way
        self.began = None         # (stack pointer, program counter) of the thread's own first frame

    def show(self, task):
        sp = int(task["fiber"]["sp"])
        machine = gdb.newest_frame().architecture().name()
        layout = next((layout for name, layout in LAYOUTS.items() if name in machine), None)
        prepare = gdb.lookup_global_symbol("trio_fiber_prepare")
        if layout is None or (prepare is not None and len(prepare.type.fields()) == 4):
            raise gdb.GdbError("this program switches with ucontext, which this script does not know")
        if not sp:
            raise gdb.GdbError(f"task {int(task['serial'])} is not suspended: it runs, and a thread's own bt shows it")
        self.hide()
        frame = gdb.newest_frame()
        self.layout = layout
        self.began = int(frame.read_register("sp")), int(frame.read_register("pc"))
        self.sp = sp
        gdb.invalidate_cached_frames()

    def hide(self):
        if self.sp is not None:
            self.sp = None
            gdb.invalidate_cached_frames()

    def __call__(self, frame):
        if self.sp is None or (int(frame.read_register("sp")), int(frame.read_register("pc"))) != self.began:
            return None
        saved, sp_name, frame_bytes = self.layout
        word = gdb.lookup_type("unsigned long")

        class Id:
            sp = gdb.Value(self.sp).cast(word)
            pc = frame.read_register("pc")

        unwind = frame.create_unwind_info(Id())
        for name, offset in saved.items():
            unwind.add_saved_register(name, gdb.Value(self.sp + offset).cast(word.pointer()).dereference())
        unwind.add_saved_register(sp_name, gdb.Value(self.sp + frame_bytes).cast(word))
        return unwind


UNWINDER = SuspendedTask()
gdb.unwinder.register_unwinder(None, UNWINDER, replace=True)
gdb.events.cont.connect(lambda event: UNWINDER.hide())


class Trio(gdb.Command):
    """Trio's tasks: trio tasks, trio bt TASK, trio switch TASK, trio back."""

    def __init__(self):
        super().__init__("trio", gdb.COMMAND_STACK, prefix=True)


class Tasks(gdb.Command):
    """Every task of every run: serial number, name, state, and what it waits for. Children stand below their parents."""

    def __init__(self):
        super().__init__("trio tasks", gdb.COMMAND_STACK)

    def invoke(self, words, from_tty):
        if words.strip():
            raise gdb.GdbError("trio tasks takes no argument, it shows every task of every run: for one of them say trio bt TASK")
        found = runs()
        for number, loop in enumerate(found, 1):
            print(f"run {number} ({text(loop['world']['name'])}): {int(loop['n_tasks'])} tasks")
            for depth, task in tasks(loop):
                print(f"{int(task['serial']):>6}  {'  ' * depth}{describe(task)}")
        if not found:
            print("no run")


class Backtrace(gdb.Command):
    """The frames in which a task is suspended: trio bt TASK."""

    def __init__(self):
        super().__init__("trio bt", gdb.COMMAND_STACK)

    def invoke(self, words, from_tty):
        task = find(words)
        UNWINDER.show(task)
        try:
            lines = gdb.execute("bt -frame-arguments scalars", to_string=True).splitlines()
        finally:
            UNWINDER.hide()
        print(f"{int(task['serial'])} {describe(task)}")
        # The first frame is where the thread is; the task's begin with the second.
        first = next((i for i, line in enumerate(lines) if line.startswith("#1 ")), len(lines))
        print("\n".join(lines[first:]))


class Switch(gdb.Command):
    """Looks at a suspended task: trio switch TASK. bt, up, frame and info locals are then about it, but for frame 0."""

    def __init__(self):
        super().__init__("trio switch", gdb.COMMAND_STACK)

    def invoke(self, words, from_tty):
        task = find(words)
        UNWINDER.show(task)
        print(f"{int(task['serial'])} {describe(task)}")
        gdb.execute("frame 1")


class Back(gdb.Command):
    """Ends `trio switch`: the thread's own frames are there again."""

    def __init__(self):
        super().__init__("trio back", gdb.COMMAND_STACK)

    def invoke(self, words, from_tty):
        UNWINDER.hide()
        gdb.execute("frame 0")


class Gcore(gdb.Command):
    """Writes a core file in which the tasks' stacks are: trio gcore FILE.

    The guards below stacks may be marks within a mapping (MADV_GUARD_INSTALL), at which gdb cannot read. generate-core-file then
    leaves out the megabyte around each. Core files that the kernel writes have everything. So the marks are taken away in the
    process, and put back."""

    INSTALL, REMOVE = 102, 103

    def __init__(self):
        super().__init__("trio gcore", gdb.COMMAND_DATA, gdb.COMPLETE_FILENAME)

    @staticmethod
    def arenas():
        kind = gdb.lookup_type("Arena").pointer()
        for loop in runs():
            pool = loop["stacks"]
            first = pool["arenas"]["data"].cast(kind)
            for i in range(int(pool["arenas"]["len"])):
                yield int(first[i]["base"]), int(first[i]["made"]), int(pool["slot"]), int(pool["guard"])

    @staticmethod
    def madvise(low, size, advice):
        gdb.parse_and_eval(f"((int (*) (void *, unsigned long, int)) madvise) ((void *) {low}, {size}, {advice})")

    def invoke(self, words, from_tty):
        arenas = list(self.arenas())
        for base, made, slot, _ in arenas:
            self.madvise(base, made * slot, self.REMOVE)
        try:
            gdb.execute(f"generate-core-file {words}")
        finally:
            for base, made, slot, guard in arenas:
                for i in range(made):
                    self.madvise(base + i * slot, guard, self.INSTALL)


Trio()
Tasks()
Backtrace()
Switch()
Back()
Gcore()
