"""`python -m jupyter_lambda.cli …`, where the script is not on the path."""

import sys

from jupyter_lambda.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
