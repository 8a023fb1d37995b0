"""``python -m mvd`` is ``mvd``, for where the command itself is not on the path."""

from mvd.cli import main

if __name__ == "__main__":
    main()
