"""The atlas on the page: the best movies of all cell types in all networks, and how alike they are."""
