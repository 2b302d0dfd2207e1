"""What is measured of the preferences that a release publishes, for its card: none of it tells of one person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from uuid import UUID

from engine.feedback.exports.card import counted
from engine.feedback.exports.published import PublishedPrompt
from engine.feedback.preferences.slots import SlotBiases, sentence_from_bias
from engine.feedback.stats.agreement import rater_agreement
from engine.feedback.stats.inequality import gini


class Figures:
    """Counts what is published, prompt by prompt."""

    def __init__(self) -> None:
        self._sources: Counter[str] = Counter()
        self._votes_by_rater: Counter[UUID] = Counter()
        self._sides: Counter[tuple[int, int]] = Counter()
        self._models: Counter[str] = Counter()
        self._prompts = 0

    def add(self, prompt: PublishedPrompt) -> None:
        """Count the votes of a prompt."""
        self._prompts += bool(prompt.votes)
        for vote in prompt.votes:
            self._sources[vote.label.source.value] += 1
            if vote.rater is not None:
                self._votes_by_rater[vote.rater] += 1
            self._models[str(vote.sources[0].picture.recipe.get("model") or "not recorded")] += 1
        self._sides.update((pair.label.first_votes, pair.label.second_votes) for pair in prompt.pairs)

    def facts(self) -> Mapping[str, object]:
        """Return the figures for the manifest."""
        agreement = rater_agreement(self._sides.elements())
        return {
            "votes": self._votes_by_rater.total(),
            "prompts": self._prompts,
            "raters": len(self._votes_by_rater),
            "votes_gini": round(gini(self._votes_by_rater.values()), 3),
            "votes_by_signal": dict(sorted(self._sources.items())),
            "votes_by_model": dict(sorted(self._models.items())),
            "pairs_of_several_raters": agreement.pairs,
            "agreement_of_two": None if agreement.of_two is None else round(agreement.of_two, 3),
        }

    def text(self, biases: SlotBiases) -> str:
        """Return the part of the card that says what was measured."""
        return "\n\n".join(self._paragraphs(biases))

    def _paragraphs(self, biases: SlotBiases) -> Iterator[str]:
        facts = self.facts()
        yield "## Measured"
        yield (
            f"{facts['votes']:,} votes of {facts['raters']:,} members on pictures of {facts['prompts']:,} prompts. The "
            f"Gini coefficient of votes by member is {facts['votes_gini']}."
        )
        yield counted(self._sources)
        yield "Painted by:"
        yield counted(self._models)
        if facts["agreement_of_two"] is not None:
            yield (
                f"Two members who judged the same pair agree in {facts['agreement_of_two']:.1%} of cases "
                f"({facts['pairs_of_several_raters']:,} pairs). A model cannot be expected to agree more often."
            )
        if biases:
            yield (
                "How often each slot was chosen, with the weight that evens it out and Pearson's chi-squared test of "
                "whether it is chance; the weights' mean over the choices is 1:"
            )
            yield "\n".join(f"- {sentence_from_bias(bias)}" for bias in biases.values())
