"""Tests of the fold of histories."""
