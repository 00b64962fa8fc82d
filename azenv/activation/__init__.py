"""The context in force: what the store says becomes slots, records, overlays and text."""
