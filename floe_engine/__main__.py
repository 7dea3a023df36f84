"""``python -m floe_engine``: the command line where its script is not on PATH."""

from floe_engine.cli import run

if __name__ == "__main__":
    run()
