"""Converts beam centres in pixels, which data acquisition programs send in place of a length.

A number is certainly in pixels if its unit says so, if no detector is that large, or if it lies far outside the named
detector. Both numbers of a pair have the same scale. Pixels become a length if their size or the detector is known;
otherwise they are kept without a canonical value. There is one finding for all of them.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from shared.events.dataset import Parameter
from shared.events.sections import Finding
from shared.vocabulary.detectors import MODEL_CHARACTERS, Detector
from shared.vocabulary.quantities import NUMBER
from shared.vocabulary.units import Conversion
from shared.vocabulary.values import SHOWN_CHARACTERS
from shared.vocabulary.vocabulary import Term, Vocabulary

BARE = re.compile(rf"({NUMBER.pattern})(?:\s*(px|pixels?))?", re.ASCII | re.IGNORECASE)
LARGEST_MM = 700
"""No detector extends further from the beam."""
FAR = 2
"""In sizes of the detector: a centre in mm lies within this distance, one in pixels of at most 0.2 mm outside it."""
MM_OF: Mapping[str | None, float] = {"mm": 1.0, "m": 1e-3}
"""One millimetre in the unit of a parameter."""


class Centre(NamedTuple):
    """One coordinate as it was sent: a number without a unit, or in pixels."""

    term: Term
    number: float
    says_pixels: bool


class BeamCentres:
    """Converts parameters that are places on a detector, by the sizes of detectors."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._terms = {name: term for name, term in vocabulary.terms.items() if term.pixels}
        self._detectors = vocabulary.detectors
        self._places = [(name, f"{detector_of(term)}_model") for name, term in self._terms.items()]
        self._furthest = lru_cache(maxsize=4096)(self._find_furthest)

    def convert(self, parameters: dict[str, Parameter], findings: list[Finding]) -> None:
        """Convert values that are certainly in pixels, and replace their findings by a single one."""
        if self._are_lengths(parameters):
            return
        converted = self._converted([name for name in self._terms if name in parameters], parameters)
        if converted:
            parameters.update(converted)
            findings[:] = [*(each for each in findings if each.parameter not in converted), _finding(converted)]

    def _are_lengths(self, parameters: Mapping[str, Parameter]) -> bool:
        """Whether all lie within the bounds of a detector. This quickly decides the usual case."""
        for name, model_name in self._places:
            if name in parameters:
                value, model = parameters[name].get("value"), parameters.get(model_name)
                furthest = self._furthest(name, model["original"][:MODEL_CHARACTERS] if model is not None else "")
                if type(value) is not float or not -furthest <= value <= furthest:
                    return False
        return True

    def _find_furthest(self, name: str, model: str) -> float:
        """The largest distance of a centre from the corner of a detector, in the unit of the parameter."""
        term = self._terms[name]
        return _furthest_mm(term, self._detectors.find(model)) * MM_OF[term.unit]

    def _converted(self, told: Iterable[str], parameters: Mapping[str, Parameter]) -> dict[str, Parameter]:
        pairs: dict[tuple[str, str | None], list[Centre]] = {}
        for name in told:
            centre = _centre(self._terms[name], parameters[name])
            if centre is not None:
                pairs.setdefault((detector_of(centre.term), centre.term.unit), []).append(centre)
        known = {key: self._detector(key[0], parameters) for key in pairs}
        in_pixels = [key for key, pair in pairs.items() if any(_is_pixels(each, known[key]) for each in pair)]
        numbers = {each.number for key in in_pixels for each in pairs[key]}
        return {
            each.term.name: _length(each, parameters, known[key])
            for key, pair in pairs.items()
            if key in in_pixels or all(each.number in numbers for each in pair)
            for each in pair
        }

    def _detector(self, name: str, parameters: Mapping[str, Parameter]) -> Detector | None:
        model = parameters.get(f"{name}_model")
        return self._detectors.find(model["original"]) if model is not None else None


def detector_of(term: Term) -> str:
    """The prefix of the names of the detector's parameters."""
    return term.pixels[:-2]


def _furthest_mm(term: Term, detector: Detector | None) -> float:
    """The largest distance of a centre from the corner of the detector, or of any detector if its size is unknown."""
    pixels = _side(term, detector)
    return FAR * pixels * detector.pixel_um / 1000 if detector and pixels else LARGEST_MM


def _centre(term: Term, parameter: Parameter) -> Centre | None:
    match = BARE.fullmatch(f"{parameter['original']} {parameter.get('said_unit', '')}".strip())
    if match is None or not (match[2] or "value" in parameter):
        return None
    return Centre(term, float(match[1]), match[2] is not None)


def _is_pixels(centre: Centre, detector: Detector | None) -> bool:
    if centre.says_pixels:
        return True
    pixels = _side(centre.term, detector)
    beyond = abs(centre.number) > _furthest_mm(centre.term, detector)
    return beyond and (pixels is None or abs(centre.number) <= FAR * pixels)


def _side(term: Term, detector: Detector | None) -> int | None:
    """The number of pixels of the detector along the axis."""
    if detector is None:
        return None
    return detector.width if term.pixels.endswith("x") else detector.height


def _length(centre: Centre, parameters: Mapping[str, Parameter], detector: Detector | None) -> Parameter:
    said = parameters[centre.term.name]
    as_said: Parameter = {"original": said["original"]}
    if "said_unit" in said:
        as_said["said_unit"] = said["said_unit"]
    size = parameters.get(f"{centre.term.pixels}_pixel_size")
    known = size.get("value") if size is not None else None
    pixel_um = known if isinstance(known, float) and known > 0 else detector.pixel_um if detector else None
    unit = centre.term.unit
    if pixel_um is None or unit is None:
        return as_said
    return {**as_said, "value": Conversion(pixel_um / 1000 * MM_OF[unit], 0)(centre.number), "unit": unit}


def _finding(converted: Mapping[str, Parameter]) -> Finding:
    names, first = " and ".join(converted), next(iter(converted))
    taken = ", ".join(_shown(converted.values()))
    said = ", ".join(each["original"].strip() for each in converted.values())[:SHOWN_CHARACTERS]
    what = f"{taken} was taken" if taken else "no size of a pixel is known, so they have no value"
    message = f"{names} = {said!r} is in pixels; {what}"
    cure = "send the beam centre with its unit" if taken else "send the detector's model or the size of its pixels"
    return Finding.warning(
        "beam_centre_in_pixels", message, cure, parameter=first, value=said, expected=taken or "a length"
    )


def _shown(parameters: Iterable[Parameter]) -> Iterable[str]:
    return (f"{each['value']:.6g} {each.get('unit')}" for each in parameters if "value" in each)
