"""Offline tools: evaluation, and maps and gaze for files."""
