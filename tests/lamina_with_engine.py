"""The `lamina` command, with the engine program in the environment variable TEST_ENGINE_CHILD if it is set.

Run it as `python tests/lamina_with_engine.py COMMAND ...`.
"""

import os
import sys
from functools import partial

ENGINE_CHILD = "TEST_ENGINE_CHILD"


def main() -> None:
    child = os.environ.get(ENGINE_CHILD)
    if child is not None:
        from lamina.server import running

        command = (sys.executable, child)
        running.run_server = partial(running.run_server, engine_command=command)
        running.run_agents = partial(running.run_agents, engine_command=command)
    from lamina.cli.main import run

    run()


if __name__ == "__main__":
    main()
