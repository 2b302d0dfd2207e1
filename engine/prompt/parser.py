"""The whole way from what a member wrote to specs: the stages in their order.

What one text says once it stands alone is read by `job`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from engine.contract.jobs import JobSpec
from engine.prompt.errors import Faults, Flaw, Origin, PromptFault, Source
from engine.prompt.grammar.expand_options import STARTS_PARAMETERS, put_in_options
from engine.prompt.grammar.normalize import make_plain
from engine.prompt.grammar.permutations import permute, too_many
from engine.prompt.grammar.spans import Piece, Run, Traced, join, locate, traced_from_source
from engine.prompt.job import ReadJob, read_job
from engine.prompt.limits import Defaults, Limits
from engine.prompt.parameters import BY_OPTION

Specs = tuple[JobSpec, ...]

NO_DEFAULTS = Defaults()
USUAL_LIMITS = Limits()
NOTHING_GIVEN: Mapping[str, str] = MappingProxyType({})
# One prompt can make forty texts with the same fault; enough is told after this many.
MAX_FAULTS = 100


def parse(
    text: str,
    defaults: Defaults = NO_DEFAULTS,
    limits: Limits = USUAL_LIMITS,
    *,
    given: Mapping[str, str] = NOTHING_GIVEN,
) -> Specs | Faults:
    """Return the specs of the jobs that a prompt asks for, in order, or every fault of it; nothing is ever raised.

    given: options of the command, as typed, by their own name or the parameter's: {"negative": "red, green", "seed":
        "7"}. Each counts as written behind the prompt, and its faults are shown in its own line; negative words join
        the prompt's own `--no`.
    """
    prompt = Source(name="prompt", text=text)
    too_long = _too_long(prompt, defaults, limits, given)
    if too_long:
        return Faults(faults=(too_long,))
    whole, faults = _whole(prompt, defaults, given)
    whole, flaws, option_faults = put_in_options(whole, defaults.options, limits.max_length + len(defaults.suffix))
    faults += [*option_faults, *(locate(flaw, whole) for flaw in flaws)]
    if flaws:
        return Faults(faults=_in_order(faults))
    texts, flaws = permute(whole, limits.max_jobs)
    faults += [locate(flaw, whole) for flaw in flaws]
    specs = _specs(texts, defaults, limits, faults)
    return Faults(faults=_in_order(faults)) if faults else specs


def _too_long(prompt: Source, defaults: Defaults, limits: Limits, given: Mapping[str, str]) -> PromptFault | None:
    length = len(prompt.text) + sum(map(len, given.values()))
    source = prompt
    if length <= limits.max_length:
        source = Source(name="your suffix", text=defaults.suffix, origin=Origin.SUFFIX)
        length = len(defaults.suffix)
    if length <= limits.max_length:
        return None
    start = min(limits.max_length, max(0, len(source.text) - 1))
    sentence = f"This has {length:,} characters; {limits.max_length:,} are allowed."
    return PromptFault(source=source, start=start, end=start + 1, sentence=sentence, suggestion="Shorten it.")


def _whole(prompt: Source, defaults: Defaults, given: Mapping[str, str]) -> tuple[Traced, list[PromptFault]]:
    """Return prompt, options of the command and suffix as one text in plain characters."""
    traced = traced_from_source(prompt)
    plain, flaws = make_plain(traced)
    faults = [locate(flaw, traced) for flaw in flaws]
    pieces = [Piece(plain, 0, len(plain.text))]
    for source, words in _additions(defaults, given):
        traced = traced_from_source(source)
        added, flaws = make_plain(traced)
        if not added.text.strip():
            continue
        flaws += _suffix_flaws(added.text) if source.origin is Origin.SUFFIX else []
        faults += [locate(flaw, traced) for flaw in flaws]
        before = Traced(text=words, runs=(Run(0, source, 0),))
        pieces += [Piece(before, 0, len(words)), Piece(added, 0, len(added.text))]
    return (plain if len(pieces) == 1 else join(pieces)), faults


def _additions(defaults: Defaults, given: Mapping[str, str]) -> Iterator[tuple[Source, str]]:
    """Yield what stands behind the prompt, each with the words that go before it."""
    for name, text in given.items():
        source = Source(name=f"the option {name}", text=text, origin=Origin.COMMAND)
        yield source, f" --{BY_OPTION.get(name, name)} "
    if defaults.suffix:
        yield Source(name="your suffix", text=defaults.suffix, origin=Origin.SUFFIX), " "


def _suffix_flaws(text: str) -> list[Flaw]:
    if STARTS_PARAMETERS.match(text):
        return []
    return [Flaw(0, len(text), "A suffix holds parameters only.", "Begin it with --, or use an own option for words.")]


def _specs(texts: Sequence[Traced], defaults: Defaults, limits: Limits, faults: list[PromptFault]) -> Specs:
    """Return the specs of all texts, repeated as they ask; faults are added, each once."""
    jobs: list[ReadJob] = []
    seen = set(faults)
    for traced in texts:
        jobs.append(read_job(traced, defaults, limits))
        new = dict.fromkeys(locate(flaw, traced) for flaw in jobs[-1].flaws)
        faults += [fault for fault in new if fault not in seen]
        seen.update(new)
        if len(faults) >= MAX_FAULTS:
            break
    number = sum(job.times for job in jobs)
    if number > 1:
        faults += _number_faults(jobs, texts, number, limits)
    if faults:
        return ()
    return tuple(job.spec for job in jobs if job.spec for _ in range(job.times))


def _number_faults(jobs: Sequence[ReadJob], texts: Sequence[Traced], number: int, limits: Limits) -> list[PromptFault]:
    """Return the fault of too many jobs, at the first `--repeat` or `--relax` that forbids them."""
    for job, traced in zip(jobs, texts, strict=False):
        if number > limits.max_jobs and "repeat" in job.places:
            return [locate(too_many(job.places["repeat"], number, limits.max_jobs), traced)]
        if number > limits.max_relax_jobs and "relax" in job.places:
            sentence = f"--relax takes {limits.max_relax_jobs:,} at a time, and this makes {number:,} jobs."
            advice = "Leave out --relax, or paint them one by one."
            return [locate(Flaw(*job.places["relax"], sentence, advice), traced)]
    return []


def _in_order(faults: Sequence[PromptFault]) -> tuple[PromptFault, ...]:
    return tuple(sorted(faults, key=lambda fault: (fault.source.origin, fault.source.name, fault.start, fault.end)))
