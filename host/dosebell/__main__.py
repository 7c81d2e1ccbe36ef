"""`python -m dosebell` is the same as `dosebell`."""

from dosebell.cli.main import main

if __name__ == "__main__":
    main()
