"""How the process of a command ends."""

import subprocess
import sys

PROGRAM = """
import atexit, sys
sys.argv = ["lamina", "--version"]
atexit.register(print, "the interpreter was shut down")
{imports}
from lamina.cli.main import run
run()
"""


def printed(imports: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(imports=imports)], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.splitlines()


def test_a_command_that_used_the_storage_ends_without_the_shutdown_of_the_interpreter() -> None:
    """Threads of obstore may still want the interpreter, which aborts a process that shuts it down."""
    assert len(printed("import obstore")) == 1
    assert printed("")[1:] == ["the interpreter was shut down"]
