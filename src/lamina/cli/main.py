"""The command `lamina`: its sub-commands, loaded when they are called, and its exit codes."""

import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

import click

from lamina.cli.exits import DONE, FAILED, HUNG_UP, INTERRUPTED, TERMINATED, USAGE, exit_code_of, print_error
from lamina.core.errors import LaminaError
from lamina.installation import as_typed_here, program

# Name: module, attribute, help. The help stands here so that `lamina --help` need not load the commands.
COMMANDS = {
    "decompose": ("lamina.cli.decompose", "decompose", "Take pictures apart into layers."),
    "generate": ("lamina.cli.generate", "generate", "Make pictures from words."),
    "edit": ("lamina.cli.edit", "edit", "Change pictures as words say."),
    "train": ("lamina.cli.train", "train", "Train a LoRA on pictures of your own."),
    "recompose": ("lamina.cli.recompose", "recompose", "Put the layers of a file together to one flat picture."),
    "compare": ("lamina.cli.compare", "compare", "Measure how far layers are from the picture that they came from."),
    "models": (
        "lamina.cli.model_list",
        "models",
        "Show the models, what each needs, and which are here.",
    ),
    "pull": ("lamina.cli.pull", "pull", "Download a model's weights."),
    "serve": ("lamina.cli.serve", "serve", "Run the service: the API, and agents that do the work."),
    "work": ("lamina.cli.work", "work", "Run agents alone, for an API on another machine."),
    "connect": ("lamina.cli.connect", "connect", "Show what to set so that a vendor's clients talk to this service."),
    "redirect": ("lamina.cli.redirect", "redirect", "Run code written for Pixazo, fal.ai or Runware against this."),
    "keys": ("lamina.cli.keys", "keys", "Make API keys, list them, and take them back."),
    "wallet": ("lamina.cli.wallet", "wallet", "Show what is in a key's wallet, and put something in."),
    "webhooks": ("lamina.cli.webhooks", "webhooks", "Show webhooks that were not delivered, and send them again."),
    "backup": ("lamina.cli.backup", "backup", "Write a whole service to one file."),
    "restore": ("lamina.cli.backup", "restore", "Read a service from such a file, into an empty place."),
    "settings": ("lamina.cli.settings", "settings", "Show each setting and where its value comes from."),
    "doctor": ("lamina.cli.doctor", "doctor", "Show what Lamina finds on this machine and whether it works."),
}


class LazyGroup(click.Group):
    """A group that imports a sub-command's module only when the sub-command is run or asked about."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command = getattr(import_module(module), attribute)
        if ctx.find_root().info_name == program():
            _tell_as_typed_here(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_text) for name, (_, _, help_text) in COMMANDS.items()])


def _tell_as_typed_here(command: click.Command) -> None:
    """Its help, and that of all below it, with commands as they are typed here."""
    command.help = as_typed_here(command.help or "")
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            parameter.help = as_typed_here(parameter.help or "")
    for part in command.commands.values() if isinstance(command, click.Group) else ():
        _tell_as_typed_here(part)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lamina", message="lamina %(version)s")
def main() -> None:
    """Takes pictures apart into editable RGBA layers, makes them and changes them, on this machine.

    \b
      lamina decompose poster.png
      lamina decompose poster.png -n 6 --to poster.psd --to layers/
      lamina generate "a red circle on a white background"
      lamina edit poster.png "make the circle green"
    """


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave the process.

    Exit codes: 0 done, 1 failed (bad input too), 2 usage, 3 cannot start, 129 terminal closed, 130 interrupted,
    143 terminated.
    """
    _unwind_when_ended()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.reconfigure(errors="replace")  # pyright: ignore[reportAttributeAccessIssue]
    sys.exit(_exit_code(arguments))


def _unwind_when_ended() -> None:
    """A signal that ends the process unwinds it first, so that nothing half-written stays; a second one does not hinder
    that. A terminal that goes away is ignored where whoever started this wants it so, as nohup does.
    """
    codes = {signal.SIGTERM: TERMINATED}
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        codes[signal.SIGHUP] = HUNG_UP

    def leave(number: int, _frame: object) -> None:
        for each in codes:
            signal.signal(each, signal.SIG_IGN)
        sys.exit(codes[signal.Signals(number)])

    for number in codes:
        signal.signal(number, leave)


def _exit_code(arguments: Sequence[str] | None) -> int:
    try:
        main.help = as_typed_here(main.help or "")
        result = main.main(arguments, prog_name=program(), standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
        return result if isinstance(result, int) else DONE
    except LaminaError as error:
        print_error(_kept(error))
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
        print_error("There is not enough memory. Make the picture smaller, or close other programs.")
        return FAILED
    except OSError as error:  # readers and writers tell their own; what is left is standard output
        _forget_stdout()
        if not isinstance(error, BrokenPipeError):
            print_error(f"{error.filename or 'Standard output'} cannot be used: {error.strerror or error}.")
        return FAILED
    except Exception as error:  # noqa: BLE001  (the edge: what nobody expected goes to the log, not to the user)
        print_error(_kept(error))
        return FAILED


def _kept(error: Exception) -> LaminaError:
    """With the place of its traceback where it is a fault of ours."""
    from lamina.cli.fault_log import kept_fault, told_fault

    return kept_fault(error if isinstance(error, LaminaError) else told_fault(error, "The command"))


def _forget_stdout() -> None:
    """Else Python complains at exit that it cannot flush it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
