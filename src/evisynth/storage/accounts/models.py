# mypy: disable-error-code="var-annotated"
"""Rows of the account side: accounts, reviews of the server, memberships, invitations, tokens.

What people did in a review stands in the review's own history under the id of a person. An account
belongs to a person by a `Membership`; what the person may do is said by the review's plan alone.
Secrets (the words of invitations and tokens) are kept as SHA-256 only.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

__all__ = ["Account", "ApiToken", "Invitation", "Membership", "ReviewFolder"]

APP = "evisynth_accounts"


class AccountManager(BaseUserManager["Account"]):
    """Makes accounts."""

    def create_user(self, email: str, password: str | None = None, **more: Any) -> Account:
        """Make an account; without a password nobody can sign in by one."""
        account = self.model(email=email.strip().casefold(), **more)
        account.set_password(password)
        account.save(using=self._db)
        return account


class Account(AbstractBaseUser):
    """Somebody who can sign in; known by e-mail address."""

    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=200, default="", blank=True)
    is_active = models.BooleanField(default=True)
    created = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[AccountManager] = AccountManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        """Name of the table."""

        app_label = APP
        db_table = "evisynth_account"

    def __str__(self) -> str:
        return str(self.name or self.email)


class ReviewFolder(models.Model):
    """A review that the server has: its name, its folder, and whether it is being deleted."""

    name = models.SlugField(max_length=100, unique=True)
    folder = models.TextField()
    created = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True)
    deleted_by = models.TextField(default="")

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        """Name of the table."""

        app_label = APP
        db_table = "evisynth_review_folder"

    def __str__(self) -> str:
        return str(self.name)


class Membership(models.Model):
    """An account is a person of a review's team."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    review = models.ForeignKey(ReviewFolder, on_delete=models.CASCADE)
    person = models.CharField(max_length=100)
    created = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        """Name of the table; an account is one person of a review, a person has one account."""

        app_label = APP
        db_table = "evisynth_membership"
        constraints = (
            models.UniqueConstraint(
                fields=("account", "review"), name="evisynth_membership_account"
            ),
            models.UniqueConstraint(fields=("review", "person"), name="evisynth_membership_person"),
        )

    def __str__(self) -> str:
        return str(self.person)


class Invitation(models.Model):
    """A link by which somebody becomes a person of a review's team, once and for a time."""

    review = models.ForeignKey(ReviewFolder, on_delete=models.CASCADE)
    person = models.CharField(max_length=100)
    name = models.CharField(max_length=200)
    roles = models.TextField(default="")
    email = models.EmailField(max_length=254, default="", blank=True)
    hash = models.CharField(max_length=64, unique=True)
    made_by = models.CharField(max_length=100, default="")
    created = models.DateTimeField(auto_now_add=True)
    expires = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        """Name of the table."""

        app_label = APP
        db_table = "evisynth_invitation"

    def __str__(self) -> str:
        return f"{self.name} {self.roles}"


class ApiToken(models.Model):
    """A word by which a program acts for an account, within scopes and for a time."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    review = models.ForeignKey(ReviewFolder, on_delete=models.CASCADE, null=True)
    name = models.CharField(max_length=100)
    scopes = models.CharField(max_length=100)
    hint = models.CharField(max_length=12)
    hash = models.CharField(max_length=64, unique=True)
    created = models.DateTimeField(auto_now_add=True)
    expires = models.DateTimeField()
    last_used = models.DateField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        """Name of the table."""

        app_label = APP
        db_table = "evisynth_api_token"

    def __str__(self) -> str:
        return f"{self.name} {self.scopes}"
