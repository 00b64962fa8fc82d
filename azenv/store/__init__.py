"""What azenv keeps on disk: contexts, records, pins and trust, settings, sessions."""
