"""``python -m modelkeep``."""

from modelkeep.cli.main import main

main()
