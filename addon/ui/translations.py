"""What the panel says in other languages, through Blender's own translation: its interface language decides.

A language is a dictionary from the English text to its own; what is missing stays English. To add one, add it here.
"""

import bpy

from ..names import PACKAGE

GERMAN = {
    "Render": "Rendern",
    "Live": "Live",
    "Engine": "Verfahren",
    "Ready": "Bereit",
    "Sketch only": "Nur Skizze",
    "Incomplete": "Unvollständig",
    "Installing": "Wird installiert",
    "Not possible": "Nicht möglich",
    "First Frame": "Erstes Bild",
    "Draft": "Entwurf",
    "Full": "Voll",
    "Every Nth Frame": "Jedes n-te Bild",
    "Takes": "Takes",
    "No takes yet": "Noch keine Takes",
    "Queue": "Warteschlange",
    "Render Queue": "Alle rendern",
    "Cancel Queue": "Abbrechen",
    "Look": "Aussehen",
    "Expert": "Experte",
    "Output": "Ausgabe",
    "Seed": "Startwert",
    "Show": "Zeigen",
    "Play": "Abspielen",
    "Resume": "Fortsetzen",
    "Restore Settings": "Einstellungen übernehmen",
    "New Seed": "Neuer Startwert",
    "Extend": "Verlängern",
    "Regenerate Range": "Bereich neu erzeugen",
    "Favorite": "Favorit",
    "Delete Take": "Take löschen",
    "Make Movie": "Film schreiben",
    "Open Folder": "Ordner öffnen",
    "Temporary": "Vorläufig",
    "What the picture shows": "Was das Bild zeigt",
    "Takes go beside the file: save it, or use a temporary folder.": "Takes liegen neben der Datei: speichern, oder "
    "einen vorläufigen Ordner nehmen.",
    "This engine is not installed; Reproject needs nothing.": "Dieses Verfahren ist nicht installiert; Reproject "
    "braucht nichts.",
    "Motion Bridge Take": "Motion-Bridge-Take",
    "Motion Bridge Queue": "Motion-Bridge-Warteschlange",
}
LANGUAGES = {"de": GERMAN}
OPERATOR = "Operator"  # the context in which Blender looks up the labels of operators


def catalog() -> dict[str, dict[tuple[str, str], str]]:
    """As Blender takes it: locale → (context, English) → text. A language's locale may name a country: de_DE."""
    there = bpy.app.translations.locales
    found = {}
    for language, texts in LANGUAGES.items():
        for locale in [each for each in there if each.split("_")[0] == language] or [language]:
            contexts = ("*", OPERATOR)
            found[locale] = {(context, text): other for context in contexts for text, other in texts.items()}
    return found


def register() -> None:
    bpy.app.translations.register(PACKAGE, catalog())


def unregister() -> None:
    bpy.app.translations.unregister(PACKAGE)
