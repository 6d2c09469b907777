"""What both sides of the pipeline keep on disk: journal, ledger, archive."""
