"""What a stimulus should achieve: one term a class, which add, scale and print their formula."""
