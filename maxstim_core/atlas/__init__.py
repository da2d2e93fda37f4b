"""The best movies of many cell types in many networks."""
