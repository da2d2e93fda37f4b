"""Everything with a half in JavaScript."""
