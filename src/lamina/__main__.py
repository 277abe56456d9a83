"""`python -m lamina` is the command `lamina`."""

from lamina.cli.main import run

if __name__ == "__main__":
    run()
