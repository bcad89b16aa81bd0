"""What the clinic offers: Panchakarma, the cleansing and restoring treatments of Ayurveda."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Treatment:
    """A treatment, where it is given and how long it takes."""

    name: str
    about: str
    place: str
    minutes: int


TREATMENTS = (
    Treatment(name="Consultation", about="Pulse reading and plan", place="Consulting room 1", minutes=30),
    Treatment(name="Abhyanga", about="Warm oil massage", place="Treatment room 2", minutes=60),
    Treatment(name="Shirodhara", about="Oil poured on the forehead", place="Treatment room 3", minutes=45),
    Treatment(name="Swedana", about="Herbal steam", place="Steam room", minutes=30),
    Treatment(name="Nasya", about="Nasal therapy", place="Treatment room 1", minutes=30),
    Treatment(name="Basti", about="Medicated enema", place="Treatment room 4", minutes=60),
    Treatment(name="Virechana", about="Cleansing day, supervised", place="Day ward", minutes=240),
)


def treatment(name: str) -> Treatment:
    """The treatment of that name. Raises `LookupError`."""
    for each in TREATMENTS:
        if each.name == name:
            return each
    raise LookupError(f"Unknown treatment '{name}'. Known: {', '.join(each.name for each in TREATMENTS)}.")
