"""Which adapters a member may train and use, and what they may be called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

from engine.contract.errors import RequestError, SettingUnsupported
from engine.contract.jobs import JobSpec
from engine.contract.training import MAX_PICTURES, MIN_PICTURES, PROFILE, AdapterNameTaken, OwnAdapter
from engine.prompt import Limits
from engine.prompt.checks.own_adapters import Usable

MAX_OWN = 5
"""Adapters of one member, the one that is being trained included."""

MAX_NAME = 32

_NAME = re.compile(rf"[a-z0-9][a-z0-9-]{{0,{MAX_NAME - 1}}}")
_TRIGGER = re.compile(r"[a-z][a-z0-9]{2,15}")
_KIND = re.compile(r"[^\W\d_]+(?: [^\W\d_]+){0,2}")
_MAX_KIND = 40

# Words that models know well: to give one of them another meaning spoils what it meant, and is not learnt.
_WORDS = """
    able about above abstract after again air all also always amazing among ancient and angel angry animal anime any
    apple arch arm army art artist asian autumn baby back background bad bag ball bar bath battle beach bear beard
    beautiful bed bee before behind being bench best between big bike bird black blade blond blood blue boat body
    bone book boot both bottle bowl box boy brick bridge bright brown building bus butterfly cake camera candle car
    card castle cat cave chair character child church circle city classic clean clock close cloth cloud clown club
    coat coffee cold color colour comic concept cool couple cover cow crowd crown crystal cup curtain cute cyan
    dance dark daughter day deer desert design desk detail detailed devil diamond dinner dirty doctor dog doll door
    dragon drawing dream dress drink drone duck eagle earth east easy eat egg elephant elf empty engine evening
    every eye face fairy fall family fantasy farm fashion fast father feather female field film fire fish flag flame
    floor flower fog food foot forest fox frame fresh frog front fruit full fun funny fur future galaxy game garden
    gate ghost giant girl glass glove god gold golden good grass gray great green grey group guitar gun guy hair
    half hall hand happy hat head heart heavy hell hero high hill home horse hot hotel house huge human ice image
    indoor ink iron island jacket jewel king kitchen kitten knife knight lady lake lamp landscape large laugh leaf
    leather left leg light like line lion little living logo long look love low machine mad magic male man many map
    mask master medieval metal middle model modern monkey monster moon morning mother motorcycle mountain mouse
    mouth movie music naked nature neck neon new nice night north nose novel ocean office oil old one open orange
    outdoor owl page painting palace panda paper park party path pencil people person phone photo photograph piano
    picture pig pink pixel plane planet plant plastic player poor pop portrait pose poster pretty prince princess
    puppy purple queen rabbit radio rain rainbow red rich right ring river road robot rock roof room rose round
    royal ruin run sad samurai sand scene school screen sculpture sea shadow sharp sheep ship shirt shoe shop short
    side silver simple sit sketch skin skirt skull sky sleep small smile smoke snake snow soft soldier son space
    spider spring square stage stand star statue steam steel stone storm street strong student studio style suit
    summer sun sunset surreal sweet sword table tail tall tattoo tea team the thin this three tiger tiny toy train
    tree triangle truck two ugly umbrella under university urban vampire vase vintage violet wall war warm warrior
    water wave wedding west wet white wide wild wind window wine wing winter witch wizard wolf woman wood wooden
    work world yellow young zombie
"""
_ORDINARY = frozenset(_WORDS.split())


class TrainingFault(StrEnum):
    """What is wrong with what a member writes for a training."""

    TRIGGER_FORM = "trigger_form"
    TRIGGER_ORDINARY = "trigger_ordinary"
    KIND_FORM = "kind_form"
    NAME_FORM = "name_form"


class TrainingRefused(RequestError):
    """A training, or a name, cannot be as the member wrote it, because of `fault`."""

    def __init__(self, fault: TrainingFault) -> None:
        super().__init__(fault=fault)
        self.fault = fault


class WrongNumberOfPictures(RequestError):
    """The fact `number` says how many were given, which is too few or too many."""


class TooManyAdapters(RequestError):
    """The member has as many adapters as they may; the fact `limit` says how many."""


class AlreadyTraining(RequestError):
    """The member's training of `name` has not ended yet."""

    def __init__(self, *, name: str) -> None:
        super().__init__(name=name)
        self.name = name


class SharingForbidden(RequestError):
    """Those who manage the guild do not let members share adapters there."""


class ProfileOff(RequestError):
    """The member has not asked for a style of their own."""


class ProfileOfModel(RequestError):
    """The member's style was trained for another model, `model`."""

    def __init__(self, *, model: str) -> None:
        super().__init__(model=model)
        self.model = model


class ProfileOfAnother(RequestError):
    """The picture was painted in the style of another member, or in one that is deleted."""


def trigger_from_text(text: str, limits: Limits) -> str:
    """Return the trigger word that a member wrote.

    Raises: TrainingRefused for what is no single word, or an ordinary one.
    """
    word = text.strip().lower()
    if not _TRIGGER.fullmatch(word):
        raise TrainingRefused(TrainingFault.TRIGGER_FORM)
    if word in _ORDINARY or word.removesuffix("s") in _ORDINARY or word in _known_words(limits):
        raise TrainingRefused(TrainingFault.TRIGGER_ORDINARY)
    return word


def kind_from_text(text: str, trigger: str) -> str:
    """Return what kind of thing a member says that their pictures show.

    Raises: TrainingRefused for more than three words, or anything but letters.
    """
    kind = " ".join(text.split()).lower()
    if not _KIND.fullmatch(kind) or len(kind) > _MAX_KIND or trigger in kind.split():
        raise TrainingRefused(TrainingFault.KIND_FORM)
    return kind


def name_from_text(text: str) -> str:
    """Return the name that a member wrote for an adapter.

    Raises: TrainingRefused.
    """
    name = text.strip().lower()
    if not _NAME.fullmatch(name):
        raise TrainingRefused(TrainingFault.NAME_FORM)
    return name


def check_number(pictures: int) -> None:
    """Check that something can be trained from so many pictures.

    Raises: WrongNumberOfPictures.
    """
    if not MIN_PICTURES <= pictures <= MAX_PICTURES:
        raise WrongNumberOfPictures(number=pictures)


def check_name_free(name: str, limits: Limits) -> None:
    """Check that no adapter of the service is called so.

    Raises: AdapterNameTaken.
    """
    if name in {known.lower() for known in limits.adapters or ()}:
        raise AdapterNameTaken(name=name)


def check_may_train(own: Sequence[OwnAdapter], name: str) -> None:
    """Check that a member with these adapters may train another one.

    Raises: AlreadyTraining, AdapterNameTaken, TooManyAdapters.
    """
    for adapter in own:
        if adapter.object_key is None:
            raise AlreadyTraining(name=adapter.name)
        if adapter.name == name:
            raise AdapterNameTaken(name=name)
    if len(own) >= MAX_OWN:
        raise TooManyAdapters(limit=MAX_OWN)


def check_profile(spec: JobSpec, limits: Limits, usable: Usable) -> None:
    """Check that a spec that asks for its member's own style can have it.

    Raises: ProfileOff, ProfileOfModel.
    """
    if "profile" not in spec.parameters:
        return
    if PROFILE not in usable:
        raise ProfileOff()
    model = usable[PROFILE].model
    if str(spec.parameters.get("model", limits.default_model)) != model:
        raise ProfileOfModel(model=model)


def check_may_use(spec: JobSpec, allowed: frozenset[UUID]) -> None:
    """Check that the spec asks for no adapter of a member but these.

    Raises: SettingUnsupported, as for one that there is not; ProfileOfAnother.
    """
    for name, adapter_id in spec.adapters.items():
        if adapter_id not in allowed:
            if name == PROFILE:
                raise ProfileOfAnother()
            raise SettingUnsupported(name="lora", value=name, model=str(spec.parameters.get("model", "")))


def _known_words(limits: Limits) -> frozenset[str]:
    """Return the words that the models' vocabularies have, where they come with one, and names of models."""
    lists = [one.vocabulary for one in limits.models if one.vocabulary]
    words = {word for known in lists for word, others in known.words.items() for word in (word, *others)}
    return frozenset(word.lower() for word in words) | {one.name.lower() for one in limits.models}
