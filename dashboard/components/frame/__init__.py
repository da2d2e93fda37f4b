"""The page itself: header, sidebar, main part, dialogs."""
