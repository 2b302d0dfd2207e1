"""`python -m bot.language`: brings the catalogs up to date with the sentences in the source."""

from bot.language.extraction import update

if __name__ == "__main__":
    update()
