"""The ``hodlxxi`` command. Kept tiny: every worker process imports it again."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    # Here and not above: a worker has no use for it, and it is 10 MB.
    from hodlxxi.cli.main import run_command_line

    run_command_line()


if __name__ == "__main__":
    main()
