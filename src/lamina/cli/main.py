"""The command `lamina`: its subcommands, imported on demand, and its exit codes."""

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import NoReturn

import click

from lamina.cli.exits import DONE, FAILED, HUNG_UP, INTERRUPTED, TERMINATED, USAGE, exit_code_of, print_error
from lamina.core.errors import LaminaError
from lamina.installation import localize_commands, program

# Name: module, attribute, help. The help is repeated here so that `lamina --help` does not import every command.
COMMANDS = {
    "decompose": ("lamina.cli.decompose", "decompose", "Decompose pictures into layers."),
    "generate": ("lamina.cli.generate", "generate", "Generate pictures from a text prompt."),
    "edit": ("lamina.cli.edit", "edit", "Edit pictures as a text prompt describes."),
    "train": ("lamina.cli.train", "train", "Train a LoRA on your own pictures."),
    "recompose": ("lamina.cli.recompose", "recompose", "Flatten a layered file into one picture."),
    "convert": ("lamina.cli.convert", "convert", "Write a layered file in other formats."),
    "layers": ("lamina.cli.layers", "layers", "List the layers of a layered file, and change them."),
    "split": ("lamina.cli.split", "split", "Take a layer of a layered file apart."),
    "separate": ("lamina.cli.split", "separate", "Take one thing out of a layer, as a layer of its own."),
    "merge": ("lamina.cli.merge", "merge", "Make one layer of several."),
    "complete": ("lamina.cli.complete", "complete", "Fill in what other layers hide of a layer."),
    "diff": ("lamina.cli.diff", "diff", "Tell what is different between two versions of a layered file."),
    "compare": ("lamina.cli.compare", "compare", "Measure the difference between a layered file and a picture."),
    "models": (
        "lamina.cli.model_list",
        "models",
        "List the models, their requirements, and which are installed.",
    ),
    "pull": ("lamina.cli.pull", "pull", "Download a model's weights."),
    "studio": ("lamina.cli.studio", "studio", "Edit layers in the browser, on this machine."),
    "serve": ("lamina.cli.serve", "serve", "Run the service: the HTTP API and the agents that run jobs."),
    "work": ("lamina.cli.work", "work", "Run agents only, for an API on another machine."),
    "connect": ("lamina.cli.connect", "connect", "Show how to point a vendor's client libraries at this service."),
    "redirect": ("lamina.cli.redirect", "redirect", "Run code for Pixazo, fal.ai or Runware against this service."),
    "keys": ("lamina.cli.keys", "keys", "Create, list and revoke API keys."),
    "wallet": ("lamina.cli.wallet", "wallet", "Show and change the balance of an API key."),
    "webhooks": ("lamina.cli.webhooks", "webhooks", "List undelivered webhooks and send them again."),
    "backup": ("lamina.cli.backup", "backup", "Back up a whole service to one file."),
    "restore": ("lamina.cli.backup", "restore", "Restore a service from a backup into an empty location."),
    "settings": ("lamina.cli.settings", "settings", "Show every setting, its value and its source."),
    "doctor": ("lamina.cli.doctor", "doctor", "Check the installation and the hardware of this machine."),
}


class LazyGroup(click.Group):
    """A click group that imports a subcommand's module only when the subcommand or its help is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command = getattr(import_module(module), attribute)
        if ctx.find_root().info_name == program():
            _localize_help(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_text) for name, (_, _, help_text) in COMMANDS.items()])


def _localize_help(command: click.Command) -> None:
    """Apply `localize_commands` to the help of the command, its options and its subcommands."""
    command.help = localize_commands(command.help or "")
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            parameter.help = localize_commands(parameter.help or "")
    for subcommand in command.commands.values() if isinstance(command, click.Group) else ():
        _localize_help(subcommand)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lamina", message="lamina %(version)s")
def main() -> None:
    """Decompose pictures into editable RGBA layers, and generate and edit pictures, on this machine.

    \b
      lamina decompose poster.png
      lamina decompose poster.png -n 6 --to poster.psd --to layers/
      lamina generate "a red circle on a white background"
      lamina edit poster.png "make the circle green"
    """


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit the process. `arguments`: None for those of the process.

    Exit codes: 0 success, 1 failure (including bad input), 2 usage error, 3 cannot start, 129 terminal closed,
    130 interrupted, 143 terminated.
    """
    _exit_on_signals()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.reconfigure(errors="replace")  # pyright: ignore[reportAttributeAccessIssue]
    code = _exit_code(arguments)
    if arguments is None and "obstore" in sys.modules:
        _end_process(code)
    sys.exit(code)


def _end_process(code: int) -> NoReturn:
    """Exit without the interpreter's own shutdown.

    A thread of obstore that waits for the interpreter during that shutdown would abort the process with SIGABRT.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with suppress(OSError, ValueError):  # the reader has gone away, which `_exit_code` has dealt with
                stream.flush()
    os._exit(code)


def _exit_on_signals() -> None:
    """Turn SIGTERM and SIGHUP into SystemExit, so that partly written files are removed; a second signal is ignored.

    SIGHUP stays ignored if the parent process ignores it, as nohup does.
    """
    codes = {signal.SIGTERM: TERMINATED}
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        codes[signal.SIGHUP] = HUNG_UP

    def exit_process(number: int, _frame: object) -> None:
        for handled in codes:
            signal.signal(handled, signal.SIG_IGN)
        sys.exit(codes[signal.Signals(number)])

    for number in codes:
        signal.signal(number, exit_process)


def _exit_code(arguments: Sequence[str] | None) -> int:
    try:
        main.help = localize_commands(main.help or "")
        result = main.main(arguments, prog_name=program(), standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
        return result if isinstance(result, int) else DONE
    except LaminaError as error:
        print_error(_logged(error))
        return exit_code_of(error)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return USAGE
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else program()
        print_error(f"{error.format_message().rstrip('.')}. See: {command} --help")
        return USAGE
    except (KeyboardInterrupt, click.Abort):
        print_error("Interrupted.")
        return INTERRUPTED
    except MemoryError:
        print_error("Out of memory. Use a smaller picture or close other programs.")
        return FAILED
    except OSError as error:  # files are handled where they are read and written; this is standard output
        _discard_stdout()
        if not isinstance(error, BrokenPipeError):
            print_error(f"{error.filename or 'Standard output'} cannot be used: {error.strerror or error}.")
        return FAILED
    except Exception as error:  # noqa: BLE001  (top level: the traceback of an unexpected error goes to the log)
        print_error(_logged(error))
        return FAILED


def _logged(error: Exception) -> LaminaError:
    """The error to print; the traceback of an internal error is logged."""
    from lamina.cli.fault_log import internal_error, log_internal_error

    return log_internal_error(error if isinstance(error, LaminaError) else internal_error(error, "The command"))


def _discard_stdout() -> None:
    """Redirect stdout to the null device, so that Python does not report at exit that it cannot be flushed."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)
