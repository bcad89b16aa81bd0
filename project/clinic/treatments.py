"""What the clinic offers: Panchakarma, the cleansing and restoring treatments of Ayurveda."""

from dataclasses import dataclass

from django.utils.translation import gettext_noop


@dataclass(frozen=True, kw_only=True)
class Treatment:
    """A treatment, where it is given and how long it takes."""

    name: str
    about: str
    place: str
    minutes: int
    prepare: tuple[str, ...] = ()
    """what else to do beforehand than before each treatment"""


TREATMENTS = (
    Treatment(
        name=gettext_noop("Consultation"),
        about="Pulse reading and plan",
        place=gettext_noop("Consulting room 1"),
        minutes=30,
        prepare=(
            "Bring the reports of your doctors, and a list of what you take.",
            "Come without coffee or tea in the last hour: they change the pulse.",
        ),
    ),
    Treatment(
        name=gettext_noop("Abhyanga"),
        about="Warm oil massage",
        place=gettext_noop("Treatment room 2"),
        minutes=60,
        prepare=(
            "Eat nothing in the hour and a half before.",
            "Drink warm water, and rest for half an hour afterwards.",
        ),
    ),
    Treatment(
        name=gettext_noop("Shirodhara"),
        about="Oil poured on the forehead",
        place=gettext_noop("Treatment room 3"),
        minutes=45,
        prepare=("Eat nothing in the two hours before.", "Bring a scarf: your hair keeps some oil until it is washed."),
    ),
    Treatment(
        name=gettext_noop("Swedana"),
        about="Herbal steam",
        place=gettext_noop("Steam room"),
        minutes=30,
        prepare=("Eat nothing in the two hours before, and drink enough water.",),
    ),
    Treatment(
        name=gettext_noop("Nasya"),
        about="Nasal therapy",
        place=gettext_noop("Treatment room 1"),
        minutes=30,
        prepare=(
            "Eat nothing in the hour before, and nothing cold afterwards.",
            "Do not come with a cold or a fever: call us, and we move the appointment.",
        ),
    ),
    Treatment(
        name=gettext_noop("Basti"),
        about="Medicated enema",
        place=gettext_noop("Treatment room 4"),
        minutes=60,
        prepare=("Eat lightly, and not within the two hours before.",),
    ),
    Treatment(
        name=gettext_noop("Virechana"),
        about="Cleansing day, supervised",
        place=gettext_noop("Day ward"),
        minutes=240,
        prepare=(
            "Eat rice soup only on the evening before, and nothing in the morning.",
            "Keep the day and the one after it free of work.",
        ),
    ),
)


PREPARE = (
    "Please come ten minutes early, so that you can settle in.",
    "Wear loose clothes that you do not mind getting oil on. We give you a robe and a towel.",
    "Tell us beforehand of any illness, medicine, allergy or pregnancy that we do not know of yet.",
)
"""before each treatment"""


def preparation(name: str) -> tuple[str, ...]:
    """What to do before the treatment of that name, in order; a treatment of any other name has the common advice."""
    return (*PREPARE[:1], *next((each.prepare for each in TREATMENTS if each.name == name), ()), *PREPARE[1:])


def treatment(name: str) -> Treatment:
    """The treatment of that name. Raises `LookupError`."""
    for each in TREATMENTS:
        if each.name == name:
            return each
    raise LookupError(f"Unknown treatment '{name}'. Known: {', '.join(each.name for each in TREATMENTS)}.")
