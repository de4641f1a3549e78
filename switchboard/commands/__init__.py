"""One file per command. Heavy imports are made inside the commands, so that `--help` stays quick."""
