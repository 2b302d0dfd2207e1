"""From pixels to files: pictures, grids, previews, and the recipe that paints them again."""
