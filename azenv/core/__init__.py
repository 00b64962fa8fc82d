"""The nouns and the rules: pure, no files, no clock, no environment variables of its own."""
