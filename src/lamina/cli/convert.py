"""`lamina convert`: a layered file written in other formats, with the same layers."""

import click

from lamina.cli.destinations import check_not_inputs
from lamina.cli.exits import DONE
from lamina.cli.output_options import export_options, json_option, quiet_option
from lamina.cli.printing import wants_json
from lamina.cli.stack_report import print_stack_report
from lamina.imaging.export_options import ExportOptions


@click.command()
@click.argument("stack_path", metavar="STACK")
@click.option(
    "--to",
    "targets",
    metavar="PATH",
    multiple=True,
    required=True,
    help="Output path; its extension selects the format. May be repeated.",
)
@export_options
@json_option
@quiet_option
def convert(
    stack_path: str,
    targets: tuple[str, ...],
    export: ExportOptions,
    is_json: bool,
    is_quiet: bool,
) -> int:
    """Write the layers of STACK, a PSD, ORA or ZIP file or a folder of PNG files, in other formats.

    The layers stay as they are; nothing is decomposed again.

    \b
      lamina convert poster.psd --to poster.pptx --editable
      lamina convert layers/ --to poster.ora --to poster.svg

    The extension of --to selects the format: .psd .ora .pptx .svg .tif .webp .zip, or .png for the flattened picture.
    A path that ends in / is a folder of PNG files. With --editable, --live-text or --live-shapes, the output says what
    each layer became in each file.
    """
    from lamina.imaging.saving import check_output

    outputs = tuple(dict.fromkeys(targets))
    check_not_inputs(outputs, [stack_path])
    for output in outputs:
        check_output(output)
    from lamina.execution.decompose import load

    stack = load(stack_path)
    exports = [(output, stack.export(output, export)) for output in outputs]
    if not is_quiet:
        told = exports if export.is_editable else []
        print_stack_report(stack, stack_path, outputs, is_json=wants_json(is_json), exports=told)
    return DONE
