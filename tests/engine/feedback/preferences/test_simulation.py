"""Of a simulated community with slot bias and spammers, preferences recover the known order better than counts do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache
from itertools import chain, combinations

from engine.contract.feedback import Verb
from engine.feedback.preferences.answers import presses_by_rater
from engine.feedback.preferences.community import Community, measure_community
from engine.feedback.preferences.derive import derive_preferences
from engine.feedback.preferences.slots import chosen_slot
from tests.engine.feedback.preferences.pressing import id_of
from tests.engine.feedback.preferences.simulation import NUM_PROMPTS, PER_PROMPT, Simulated, simulate


@cache
def community() -> tuple[Simulated, Community]:
    """Return the simulated community and what is measured of it."""
    made = simulate(20261128)
    measured = measure_community(presses_by_rater(chain.from_iterable(made.clusters)).items(), made.clusters)
    return made, measured


def order_recovered(made: Simulated, scores: Mapping[int, float]) -> float:
    """Return the share of the pairs of one prompt's pictures that the scores order rightly; equal scores are half."""
    right = total = 0.0
    for prompt in range(NUM_PROMPTS):
        pictures = range(1 + prompt * PER_PROMPT, 1 + (prompt + 1) * PER_PROMPT)
        for one, other in combinations(pictures, 2):
            difference = scores.get(one, 0.0) - scores.get(other, 0.0)
            total += 1
            right += 0.5 if not difference else (difference > 0) == (made.quality[one] > made.quality[other])
    return right / total


def wins_counted(made: Simulated) -> tuple[Counter[int], Counter[int]]:
    """Return how often each picture was chosen, and how often it was chosen or passed over."""
    wins, shown = Counter[int](), Counter[int]()
    for action, _ in chain.from_iterable(made.clusters):
        pictures = [one.picture_id.int for one in action.shown]
        slot = chosen_slot(action)
        assert slot is not None
        wins[pictures[slot]] += 1
        shown.update(pictures)
    return wins, shown


def strengths(made: Simulated, measured: Community) -> dict[int, float]:
    """Return the derived strength of each picture."""
    return {
        score.picture_id.int: score.strength
        for cluster in made.clusters
        for score in derive_preferences(cluster, measured).scores
        if score.strength is not None
    }


def everybody_equal(made: Simulated) -> Community:
    """Return a community where nothing is evened out: no slot bias, and nobody more reliable than others."""
    raters = [id_of(rater) for rater in range(1, made.num_raters + 1)]
    equal = dict.fromkeys(raters, 1.0)
    return Community(biases={}, skills=equal, typical_skill=1.0, share_factors=equal)


def test_preferences_recover_the_order_better_than_counts() -> None:
    """Better than how often a picture was chosen, and than how often it was chosen when shown."""
    made, measured = community()
    wins, shown = wins_counted(made)
    by_counts = order_recovered(made, wins)
    by_rates = order_recovered(made, {picture: wins[picture] / shown[picture] for picture in shown})
    by_equals = order_recovered(made, strengths(made, everybody_equal(made)))
    by_preferences = order_recovered(made, strengths(made, measured))
    print(f"order recovered: counts {by_counts:.3f}, rates {by_rates:.3f}, preferences {by_preferences:.3f}")
    print(f"preferences without slot weights and raters' skill: {by_equals:.3f}")
    assert by_counts < by_preferences
    assert 1 - by_preferences < 0.75 * (1 - by_rates)
    assert by_equals < by_preferences


def test_spammers_are_left_out_and_honest_raters_are_not() -> None:
    """All who press the first slot or rush, many of those who guess, which takes more presses to see, and no others."""
    made, measured = community()
    left_out = Counter(
        made.spammers.get(rater, "honest")
        for rater in range(1, made.num_raters + 1)
        if id_of(rater) not in measured.skills
    )
    of_kind = Counter(made.spammers.get(rater, "honest") for rater in range(1, made.num_raters + 1))
    print("left out: " + ", ".join(f"{left_out[kind]} of {of_kind[kind]} {kind}" for kind in sorted(of_kind)))
    assert left_out["first slot"] == of_kind["first slot"]
    assert left_out["rush"] == of_kind["rush"]
    assert left_out["random"] >= 0.3 * of_kind["random"]
    assert left_out["honest"] <= 0.01 * of_kind["honest"]


def test_the_slot_bias_that_was_simulated_is_found() -> None:
    """Without the spammers who always press it, the first slot has its biased share still."""
    _, measured = community()
    for bias in measured.biases.values():
        print(
            bias.group.verb, bias.counts, f"p = {bias.test.p_value:.1e}", [f"{weight:.2f}" for weight in bias.weights]
        )
    by_verb = {bias.group.verb: bias for bias in measured.biases.values()}
    assert by_verb[Verb.UPSCALE].test.p_value < 1e-6
    assert by_verb[Verb.CHOOSE].test.p_value < 1e-6
    assert list(by_verb[Verb.UPSCALE].weights) == sorted(by_verb[Verb.UPSCALE].weights)
