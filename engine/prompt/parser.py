"""Parses a prompt into specs: the stages up to permutations; `job` parses each text that they produce."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from engine.contract.jobs import JobSpec
from engine.prompt.errors import Origin, Problem, PromptError, PromptErrors, PromptSource
from engine.prompt.grammar.expand_options import PARAMETER_START, STARTS_PARAMETERS, expand_options
from engine.prompt.grammar.foreign_syntax import comment_problems, is_json, set_problems
from engine.prompt.grammar.normalize import normalize
from engine.prompt.grammar.permutations import permute, too_many_jobs
from engine.prompt.grammar.spans import MappedText, Segment, Slice, join, locate, mapped_from_source
from engine.prompt.job import ParsedJob, parse_job
from engine.prompt.limits import Limits, PromptDefaults
from engine.prompt.option_names import named_by_option, option_source
from engine.prompt.parameters import BY_OPTION, BY_SPELLING
from engine.prompt.sentences import Code, Told, sentence

Specs = tuple[JobSpec, ...]

NO_DEFAULTS = PromptDefaults()
DEFAULT_LIMITS = Limits()
NO_COMMAND_OPTIONS: Mapping[str, str] = MappingProxyType({})
# Forty texts of one prompt can repeat the same error.
MAX_ERRORS = 100


def parse(
    text: str,
    defaults: PromptDefaults = NO_DEFAULTS,
    limits: Limits = DEFAULT_LIMITS,
    *,
    command_options: Mapping[str, str] = NO_COMMAND_OPTIONS,
    pictures: Mapping[str, str] = NO_COMMAND_OPTIONS,
) -> Specs | PromptErrors:
    """Return the specs of the jobs that a prompt asks for, in order, or all of its errors.

    command_options: the command's options, as typed, by option or parameter name: {"negative": "red, green", "seed":
        "7"}. They are appended to the prompt, and errors in them are shown in their own line, with the option's name.
        Negative words are added to the prompt's first `--no`. What is neither an option nor a parameter of the table
        gives parameters as they are written: {"private": "--stealth"}.
    pictures: links or names of pictures, by the command's option that they were given for; they stand before the words.

    Guarantees: raises nothing, whatever the text is.
    """
    prompt = PromptSource(text=text)
    too_long = _too_long(prompt, defaults, limits, command_options)
    if too_long:
        return PromptErrors(errors=(too_long,))
    combined, errors = _combined(prompt, defaults, command_options, pictures)
    combined, problems, option_errors = expand_options(
        combined, defaults.options, limits.max_length + len(defaults.suffix)
    )
    errors += [*option_errors, *(locate(problem, combined) for problem in problems)]
    if problems:
        return PromptErrors(errors=_sorted(errors))
    foreign = [locate(problem, combined) for problem in set_problems(combined.text)]
    if is_json(combined.text):
        return PromptErrors(errors=tuple(foreign))
    errors += foreign
    texts, problems = permute(combined, limits.max_jobs)
    errors += [locate(problem, combined) for problem in problems]
    specs = _specs(texts, defaults, limits, errors)
    return PromptErrors(errors=_sorted(_without_repeated(errors))) if errors else specs


def _too_long(
    prompt: PromptSource, defaults: PromptDefaults, limits: Limits, command_options: Mapping[str, str]
) -> PromptError | None:
    length = len(prompt.text) + sum(map(len, command_options.values()))
    source = prompt
    if length <= limits.max_length:
        source = _suffix_source(defaults)
        length = len(defaults.suffix)
    if length <= limits.max_length:
        return None
    start = min(limits.max_length, max(0, len(source.text) - 1))
    message = sentence(Code.TEXT_TOO_LONG, length=length, limit=limits.max_length)
    return PromptError(source=source, start=start, end=start + 1, message=message, suggestion=sentence(Code.SHORTEN))


def _combined(
    prompt: PromptSource, defaults: PromptDefaults, command_options: Mapping[str, str], pictures: Mapping[str, str]
) -> tuple[MappedText, list[PromptError]]:
    """Return the prompt, the command's options and the suffix as one normalized text."""
    mapped = mapped_from_source(prompt)
    normalized, problems = normalize(mapped)
    errors = [locate(problem, mapped) for problem in [*problems, *comment_problems(prompt.text)]]
    slices = [*_before(pictures), Slice(normalized, 0, len(normalized.text))]
    for source, words in _additions(defaults, command_options):
        mapped = mapped_from_source(source)
        added, problems = normalize(mapped)
        if not added.text.strip():
            continue
        problems += comment_problems(source.text)
        problems += _suffix_problems(added.text) if source.origin is Origin.SUFFIX else []
        errors += [locate(problem, mapped) for problem in problems]
        before = MappedText(text=words, segments=(Segment(0, source, 0),))
        slices += [Slice(before, 0, len(words)), Slice(added, 0, len(added.text))]
    return (normalized if len(slices) == 1 else join(slices)), errors


def _before(pictures: Mapping[str, str]) -> Iterator[Slice]:
    """Yield the pictures that come with the prompt, each with a space behind it."""
    for name, picture in pictures.items():
        source = option_source(name, picture)
        mapped = MappedText(text=f"{picture} ", segments=(Segment(0, source, 0),))
        yield Slice(mapped, 0, len(mapped.text))


def _additions(defaults: PromptDefaults, command_options: Mapping[str, str]) -> Iterator[tuple[PromptSource, str]]:
    """Yield the sources that follow the prompt, each with the text to put before it."""
    for name, text in command_options.items():
        parameter = BY_OPTION.get(name, name)
        yield option_source(name, text), f" --{parameter} " if parameter in BY_SPELLING else " "
    if defaults.suffix:
        yield _suffix_source(defaults), " "


def _suffix_source(defaults: PromptDefaults) -> PromptSource:
    return PromptSource(text=defaults.suffix, origin=Origin.SUFFIX, where=sentence(Code.IN_SUFFIX))


def _suffix_problems(text: str) -> list[Problem]:
    if STARTS_PARAMETERS.match(text):
        return []
    words = PARAMETER_START.split(text, maxsplit=1)[0].rstrip()
    message, advice = sentence(Code.SUFFIX_OF_WORDS), sentence(Code.START_SUFFIX)
    return [Problem(len(words) - len(words.lstrip()), len(words), message, advice)]


def _specs(texts: Sequence[MappedText], defaults: PromptDefaults, limits: Limits, errors: list[PromptError]) -> Specs:
    """Return the specs of all texts, repeated by `--repeat`; each error is added to `errors` once."""
    jobs: list[ParsedJob] = []
    seen = set(errors)
    for mapped in texts:
        jobs.append(parse_job(mapped, defaults, limits))
        new = dict.fromkeys(locate(problem, mapped) for problem in jobs[-1].problems)
        errors += [error for error in new if error not in seen]
        seen.update(new)
        if len(errors) >= MAX_ERRORS:
            break
    number = sum(job.times for job in jobs)
    if number > 1:
        errors += _job_count_errors(jobs, texts, number, limits)
    if errors:
        return ()
    return tuple(job.spec for job in jobs if job.spec for _ in range(job.times))


def _job_count_errors(
    jobs: Sequence[ParsedJob], texts: Sequence[MappedText], number: int, limits: Limits
) -> list[PromptError]:
    """Return the error for too many jobs, at the first `--repeat` or `--relax` that exceeds its limit."""
    for job, mapped in zip(jobs, texts, strict=False):
        if number > limits.max_jobs and "repeat" in job.places:
            return [locate(too_many_jobs(job.places["repeat"], number, limits.max_jobs), mapped)]
        if number > limits.max_relax_jobs and "relax" in job.places:
            message = sentence(Code.TOO_MANY_RELAXED, limit=limits.max_relax_jobs, count=number)
            return [locate(Problem(*job.places["relax"], message, sentence(Code.ONE_AT_A_TIME)), mapped)]
    return []


def _without_repeated(errors: Sequence[PromptError]) -> list[PromptError]:
    """Return the errors without those that only repeat the beginning of a longer one."""
    longest: dict[tuple[PromptSource, int, Told], int] = {}
    for error in errors:
        place = (error.source, error.start, error.message)
        longest[place] = max(longest.get(place, 0), error.end)
    return [error for error in errors if error.end == longest[error.source, error.start, error.message]]


def _sorted(errors: Sequence[PromptError]) -> tuple[PromptError, ...]:
    named = map(named_by_option, errors)
    return tuple(
        sorted(named, key=lambda error: (error.source.origin, str(error.source.where), error.start, error.end))
    )
