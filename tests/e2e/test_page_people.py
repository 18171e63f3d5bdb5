"""Oneself and other people in a real browser: a second factor is set up, an invitation accepted, a password set anew."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pyotp
import pytest
from playwright.sync_api import expect

from tests.support.browser import NARROW
from tests.support.gateway import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.browser import Visit
    from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.browser


def test_somebody_sets_up_a_second_factor_and_logs_in_with_it(
    shared_gateway: RunningGateway, visit: Callable[..., Visit]
):
    ada = shared_gateway.person()
    seen = visit(shared_gateway.url).log_in_as(ada).open("/profile")
    page = seen.page
    factor = page.get_by_role("region", name="Second factor")
    factor.get_by_label("Password").fill(PASSWORD)
    factor.get_by_role("button", name="Set up").click()
    expect(factor.get_by_role("img", name="QR code")).to_be_visible()
    app = pyotp.TOTP(factor.locator("code").first.inner_text())
    seen.screenshot("profile-set-up")
    factor.get_by_label("Code").fill(app.now())
    factor.get_by_role("button", name="Confirm").click()
    expect(factor.get_by_text("Keep these recovery codes")).to_be_visible()
    seen.screenshot("profile")
    assert seen.accessibility_violations() == []

    phone = visit(shared_gateway.url, viewport=NARROW, color_scheme="dark").open("/login")
    page = phone.page
    page.get_by_label("Username").fill(ada.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    phone.screenshot("second-step-dark")
    page.get_by_label("Code of your app").fill(app.at(time.time() + 30))
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Second step")).to_be_hidden()
    phone.open("/profile")
    expect(page.get_by_text("you are logged in 2 times")).to_be_visible()
    assert not phone.is_wider_than_its_window()
    phone.screenshot("profile-dark")


def test_an_administrator_invites_somebody_who_joins_and_makes_them_a_new_password(
    shared_gateway: RunningGateway, visit: Callable[..., Visit]
):
    root = shared_gateway.admin()
    seen = visit(shared_gateway.url).log_in_as(root).open("/people")
    invite = seen.page.get_by_role("region", name="Invite")
    invite.get_by_text("operator", exact=True).click()
    invite.get_by_role("button", name="Make a link").click()
    address = invite.locator("pre code").inner_text()
    seen.screenshot("people")
    assert seen.accessibility_violations() == []

    guest = visit(shared_gateway.url, viewport=NARROW, color_scheme="dark").open(
        address.removeprefix(shared_gateway.url)
    )
    page = guest.page
    expect(page.get_by_text("You are invited as operator.")).to_be_visible()
    page.get_by_label("Username").fill("grace")
    page.get_by_label("Email").fill("grace@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    guest.screenshot("join-dark")
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_role("heading", name="Accept the invitation")).to_be_hidden()

    seen.open("/people")
    seen.page.get_by_role("button", name="Change grace").click()
    seen.page.get_by_role("button", name="Link for a new password").click()
    link = seen.page.locator(".people-link code").inner_text()
    seen.screenshot("people-change")
    forgetful = visit(shared_gateway.url).open(link.removeprefix(shared_gateway.url))
    forgetful.page.get_by_label("New password").fill("another horse battery")
    forgetful.page.get_by_role("button", name="Set the password").click()
    expect(forgetful.page.get_by_text(re.compile("every session has ended"))).to_be_visible()
    forgetful.screenshot("login")
    forgetful.page.get_by_label("Username").fill("grace")
    forgetful.page.get_by_label("Password").fill("another horse battery")
    forgetful.page.get_by_role("button", name="Log in").click()
    expect(forgetful.page.get_by_role("heading", name="Log in")).to_be_hidden()
