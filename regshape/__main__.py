"""`python -m regshape` is the command `regshape`."""

from regshape.cli.main import app

if __name__ == "__main__":
    app(prog_name="regshape")
