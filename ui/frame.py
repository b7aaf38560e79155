"""The frame around every page: its settings, the syllabus, and the lab's place in the address."""

from pathlib import Path

import streamlit as st

import ui.server.warm_up  # noqa: F401 - first of all: what follows needs what it imports
from ui.lab import files as lab_files
from ui.lab import state
from ui.lessons import LESSONS
from ui.parts import compare
from ui.parts.conventions_switch import conventions_switch
from ui.takeaway import menu as takeaway

ICON = str(Path(__file__).with_name("favicon.svg"))

st.set_page_config(
    page_title="Attention Lab",
    page_icon=ICON,
    layout="wide",
    initial_sidebar_state=230,
    menu_items={
        "about": "**Attention Lab**. Edit your numbers, and see what every step makes of them."
    },
)
st.logo(ICON, size="large")
page = st.navigation(
    [
        st.Page(lesson.script, title=lesson.title, icon=lesson.icon, help=lesson.question)
        for lesson in LESSONS
    ],
    expanded=True,  # else "View more" hides half of the story
)
state.begin(page.url_path)
conventions_switch()
menu = takeaway.place()
page.run()
compare.switch()  # after the page, whose tables may undo a pin
takeaway.fill(menu, LESSONS.at(page.url_path))
state.keep(page.url_path, lab_files.dropped)
