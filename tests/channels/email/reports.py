"""What machines write about mails of ours, or to them: bounces, auto-replies, complaints, read receipts.

Composed for these tests in the shapes that servers and mail programs produce, each with what it means. Every bounce
speaks of the message `OURS`, sent to ann@example.org.
"""

# ruff: noqa: E501 - a row of the table is easier to compare on few long lines than on many short ones

from __future__ import annotations

from typing import Any

from channels.email.mark import bounce_address, marked
from core.channel import Address, Arrival, Ignored, Receipt, Withdrawal
from tests.channel_contract import Case, like
from tests.channels.email.mails import ACCOUNT, ANN, OUR_ID, OUR_MARK, OURS, mail, mixed

OLDER = f"{marked(ACCOUNT.key, 'zzzzzzzzzzzzzzzzzzzz')}@shop.test"
RETURNED = (
    "Received: from mail.shop.test by mx.example.org; Mon, 23 Nov 2026 12:00:00 +0000\n"
    "From: Example Shop <help@shop.test>\nTo: ann@example.org\nSubject: Your order\n"
    f"References: <first@example.org> <{OLDER}>\nMessage-ID: <{OUR_ID}>\nX-Switchboard: {OUR_MARK}\n"
)
DAEMON = "From: Mail Delivery System <MAILER-DAEMON@mx.example.org>"
NULL = "Return-Path: <>"
AUTO = "Auto-Submitted: auto-replied"


def back(name: str, raw: bytes, code: str, *, gone: bool = False, **wanted: Any) -> Case:
    """A row whose outcome is that the message failed."""
    wanted = {"address": ANN, "status": "failed", "code": code, "gone": gone, "outbound": OURS, **wanted}
    return Case(name, raw, (like(Receipt, **wanted),))


def late(name: str, raw: bytes) -> Case:
    """A row whose outcome is that the message is late and nothing else."""
    return Case(name, raw, (like(Receipt, address=ANN, status="delayed", gone=False, outbound=OURS),))


def free(
    text: str, *fields: str, subject: str = "Undelivered Mail Returned to Sender", original: str = RETURNED
) -> bytes:
    """A report in free text, with the mail it returns below."""
    head = [DAEMON, NULL, "To: help@shop.test", f"Subject: {subject}"]
    named = {field.partition(":")[0] for field in fields}
    kept = [one for one in head if one.partition(":")[0] not in named]
    return mail(*kept, *fields, body=text + (f"\n\n{original}\n\nHello Ann" if original else ""))


def dsn(text: str, status: str, said: str, *fields: str, action: str = "failed", recipient: str = "rfc822; ann@example.org",
        original: str = f"Content-Type: text/rfc822-headers\n\n{RETURNED}", extra: str = "") -> bytes:  # fmt: skip
    """A report by RFC 3464."""
    head = [DAEMON, NULL, AUTO, "To: help@shop.test", "Subject: Delivery report"]
    named = {field.partition(":")[0] for field in fields}
    machine = (
        f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n{extra}\n"
        f"Final-Recipient: {recipient}\nAction: {action}\n"
        + (f"Status: {status}\n" if status else "")
        + f"Diagnostic-Code: {said}"
    )
    parts = [f"Content-Type: text/plain; charset=utf-8\n\n{text}", machine, *([original] if original else [])]
    return mail(*(one for one in head if one.partition(":")[0] not in named), *fields,
                'Content-Type: multipart/report; report-type=delivery-status; boundary="b0"', body=mixed(*parts))  # fmt: skip


MIXED_REPORT = 'Content-Type: multipart/report; report-type=delivery-status; boundary="b0"'
EXIM_COPY = "------ This is a copy of the message, including all the headers. ------\n"
QMAIL_COPY = "--- Below this line is a copy of the message.\n"

STANDARD = (
    back("Postfix: no such user", dsn("This is the mail system at host mx.example.org.", "5.1.1", "smtp; 550 5.1.1 <ann@example.org>: "
         "Recipient address rejected: User unknown in local recipient table"), "5.1.1", gone=True),
    back("Postfix: the domain is not there", dsn("I'm sorry", "5.4.4", "X-Postfix; Host or domain name not found. Name service error "
         "for name=example.org type=AAAA: Host not found"), "5.4.4", gone=True),
    back("Postfix: expired after days", dsn("delivery temporarily suspended", "4.4.1", "X-Postfix; connect to mx.example.org[192.0.2.1]:25: "
         "Connection timed out"), "4.4.1"),
    back("Exim with a report", dsn("This message was created automatically by mail delivery software.", "5.0.0",
         "smtp; 550 Unrouteable address"), "5.1.1", gone=True),
    back("Gmail: no such account", dsn("Address not found. Your message wasn't delivered to ann@example.org", "5.1.1",
         "smtp; 550-5.1.1 The email account that you tried to reach does not exist.", "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
         "Subject: Delivery Status Notification (Failure)"), "5.1.1", gone=True),
    back("Gmail: over quota", dsn("Recipient inbox full", "4.2.2", "smtp; 452-4.2.2 The email account that you tried to reach is over quota."), "4.2.2"),
    back("Exchange Online: not found", dsn("Your message to ann@example.org couldn't be delivered.", "5.1.10",
         "smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient ann@example.org not found by SMTP address lookup",
         "From: <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.org>", "Subject: Undeliverable: Your order"), "5.1.10", gone=True),
    back("Exchange: only members may write", dsn("Delivery has failed", "5.7.133", "smtp;550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup",
         "From: postmaster@example.org"), "5.7.133"),
    back("Exchange: a mailbox that is full", dsn("The recipient's mailbox is full", "5.2.2", "smtp;554 5.2.2 mailbox full", "From: postmaster@example.org"), "5.2.2"),
    back("sendmail", dsn("----- The following addresses had permanent fatal errors -----", "5.1.1", "SMTP; 550 5.1.1 User unknown",
         "Subject: Returned mail: see transcript for details"), "5.1.1", gone=True),
    back("a mailbox that is switched off", dsn("disabled", "5.2.1", "smtp; 550 5.2.1 The email account is disabled"), "5.2.1", gone=True),
    back("refused as spam", dsn("policy", "5.7.1", "smtp; 550 5.7.1 Message rejected because of its content"), "5.7.1"),
    back("too large", dsn("size", "5.3.4", "smtp; 552 5.3.4 Message size exceeds fixed limit"), "5.3.4"),
    back("our own address was refused", dsn("sender", "5.1.8", "smtp; 550 5.1.8 Sender address rejected: Domain not found"), "5.1.8"),
    back("a report without a status", dsn("x", "", "smtp; 550 Requested action not taken: mailbox unavailable to you, no such user here"), "5.1.1", gone=True),
    back("a report whose status says nothing, in Russian", dsn("Письмо не доставлено", "5.0.0", "smtp; 550 Такой почтовый ящик не существует"), "5.1.1", gone=True),
    back("the recipient is written without its type", dsn("x", "5.1.1", "550 no", recipient="ann@example.org"), "5.1.1", gone=True),
    back("forwarded: the report names the last mailbox", dsn("x", "5.1.1", "smtp; 550 5.1.1 unknown", recipient="rfc822; ann@internal.example.net"), "5.1.1", gone=True,
         address=Address("email", "help", "ann@internal.example.net")),
    back("the whole mail is returned", dsn("x", "5.1.1", "smtp; 550 5.1.1 unknown", original=f"Content-Type: message/rfc822\n\n{RETURNED}\nHello"), "5.1.1", gone=True),
    back("a relay changed the Message-ID", dsn("x", "5.1.1", "smtp; 550 5.1.1 unknown", original="Content-Type: text/rfc822-headers\n\n"
         f"To: ann@example.org\nMessage-ID: <0100abc@relay.example.net>\nX-Switchboard: {OUR_MARK}\n"), "5.1.1", gone=True),
    back("nothing is returned, but the envelope id", dsn("x", "5.1.1", "smtp; 550 5.1.1 unknown", original="", extra=f"Original-Envelope-Id: {OUR_MARK}\n"), "5.1.1", gone=True),
    back("nothing is returned, but it came to our return address", dsn("x", "5.1.1", "smtp; 550 5.1.1 unknown",
         f"To: {bounce_address(ACCOUNT.key, 'help@shop.test', OURS)}", original=""), "5.1.1", gone=True),
    back("nothing is returned, but it answers our id", dsn("x", "5.1.1", "smtp; 550 5.1.1 unknown", f"In-Reply-To: <{OUR_ID}>", original=""), "5.1.1", gone=True),
    back("nothing is returned, but its references end with our id", dsn("x", "5.1.1", "smtp; 550 5.1.1 unknown", f"References: <{OLDER}> <{OUR_ID}>", original=""), "5.1.1", gone=True),
    back("letters were made capital on the way", dsn("x", "5.1.1", "smtp; 550 5.1.1 unknown", original="Content-Type: text/rfc822-headers\n\n"
         f"TO: ANN@EXAMPLE.ORG\nMESSAGE-ID: <{OUR_ID.upper()}>\n"), "5.1.1", gone=True),
    late("Postfix: still trying", dsn("could not be delivered for more than 4 hours. It will be retried", "4.4.1", "X-Postfix; Connection refused", action="delayed")),
    late("Gmail: still trying", dsn("Delivery incomplete", "4.4.1", "smtp; 421 timed out", "Subject: Delivery Status Notification (Delay)", action="delayed")),
    Case("a delivery that was reported", dsn("ok", "2.0.0", "smtp; 250 Ok", action="delivered"), (like(Receipt, status="delivered", outbound=OURS),)),
    Case("handed on to a server that reports nothing", dsn("ok", "2.0.0", "smtp; 250 Ok", action="relayed"), (like(Ignored, reason="delivery report: relayed"),)),
)  # fmt: skip

FREE = (
    back("Exim", free("This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\n"
         f"recipients. This is a permanent error.\n\n  ann@example.org\n    host mx.example.org [192.0.2.1]\n    SMTP error from remote mail server after RCPT TO:<ann@example.org>:\n    550 5.1.1 User unknown\n\n{EXIM_COPY}",
         "X-Failed-Recipients: ann@example.org", subject="Mail delivery failed: returning message to sender"), "5.1.1", gone=True),
    back("Exim: retries ran out", free(f"recipients. This is a permanent error. The following address failed:\n\n  ann@example.org\n    retry timeout exceeded\n\n{EXIM_COPY}",
         "X-Failed-Recipients: ann@example.org", subject="Mail delivery failed: returning message to sender"), "4.4.7"),
    late("Exim: delayed", free(f"has not been delivered to all of its recipients after more than 24 hours on the queue.\n\n  ann@example.org\n\nNo action is required on your part. Delivery attempts will continue for\nsome time.\n\n{EXIM_COPY}",
         subject="Warning: message 1abcDE-000001-AA delayed 24 hours")),
    back("qmail", free("Hi. This is the qmail-send program at mx.example.org.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n"
         f"<ann@example.org>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 sorry, no mailbox here by that name\nGiving up on 192.0.2.1.\n\n{QMAIL_COPY}", subject="failure notice"), "5.1.1", gone=True),
    back("qmail: the host is not there", free(f"<ann@example.org>:\nSorry, I couldn't find any host named example.org. (#5.1.2)\n\n{QMAIL_COPY}", subject="failure notice"), "5.1.2", gone=True),
    back("qmail: too long in the queue", free(f"<ann@example.org>:\nI'm not going to try again; this message has been in the queue too long.\n\n{QMAIL_COPY}", subject="failure notice"), "4.4.7"),
    back("Yahoo", free("Sorry, we were unable to deliver your message to the following address.\n\n<ann@example.org>:\n554: delivery error: dd This user doesn't have a example.org account (ann@example.org) [0]\n\n--- Below this line is a copy of the message.\n",
         "From: MAILER-DAEMON@yahoo.com", subject="Failure Notice"), "5.1.1", gone=True),
    back("old Postfix", free("This is the Postfix program at host mx.example.org.\n\nI'm sorry to have to inform you that your message could not be delivered to one or more recipients.\n\n<ann@example.org>: host mx2.example.org said: 550 5.2.1 Mailbox disabled\n"), "5.2.1", gone=True),
    back("Mail.ru", free("Это письмо создано автоматически сервером Mail.Ru.\n\nК сожалению, ваше письмо не может быть доставлено одному или нескольким получателям:\n\n**********************\n\nann@example.org\nтакой почтовый ящик не существует\n\n**********************\n",
         "From: mailer-daemon@corp.mail.ru", subject="Mail failure."), "5.1.1", gone=True),
    back("Mail.ru: the mailbox is full", free("ann@example.org\nпочтовый ящик получателя переполнен\n", "From: mailer-daemon@corp.mail.ru", subject="Mail failure."), "5.2.2"),
    back("Yandex", free("Это автоматически сгенерированное сообщение. Пожалуйста, не отвечайте на него.\n\nПисьмо не может быть доставлено следующим получателям:\n\n<ann@example.org>: host mx.example.org[192.0.2.1] said: 550 5.7.1 No such user!\n",
         "From: mailer-daemon@yandex.ru", subject="Недоставленное сообщение"), "5.7.1"),
    back("Lotus Domino", free("Your message\n\n  Subject: Your order\n\nwas not delivered to:\n\n  ann@example.org\n\nbecause:\n\n  User ann (ann@example.org) not listed in Domino Directory\n",
         "From: Postmaster@example.org", subject="DELIVERY FAILURE: User ann (ann@example.org) not listed in Domino Directory"), "5.1.1", gone=True),
    back("old Exchange", free("Your message did not reach some or all of the intended recipients.\n\nThe following recipient(s) could not be reached:\n\n      ann@example.org on 23.11.2026 12:00\n            The e-mail account does not exist at the organization this message was sent to.\n            <mx.example.org #5.1.1>\n",
         "From: System Administrator <postmaster@example.org>", subject="Undeliverable: Your order"), "5.1.1", gone=True),
    back("Exchange, in German", free("Ihre Nachricht hat einige oder alle Empfänger nicht erreicht.\n\nann@example.org\n550 5.1.1 Empfänger unbekannt\n", "From: postmaster@example.org", subject="Unzustellbar: Your order"), "5.1.1", gone=True),
    back("a gateway, in French", free("Votre message n'a pas pu être remis.\n\nann@example.org : destinataire inconnu\n", "From: postmaster@example.org", subject="Non remis : Votre commande"), "5.1.1", gone=True),
    back("a gateway, in Ukrainian", free("Ваш лист не доставлено: ann@example.org\nкористувача не знайдено\n", subject="Не вдалося доставити лист"), "5.1.1", gone=True),
    back("MDaemon", free("The following data may contain details. Failed to deliver to ann@example.org: RCPT TO response: 550 no such recipient\n", "From: MDaemon@example.org", subject="Permanent Delivery Failure - Undeliverable"), "5.1.1", gone=True),
    back("Communigate", free("Failed to deliver to 'ann@example.org'\nSMTP module(domain example.org) reports:\n message text rejected by mx.example.org:\n 552 message too large\n", subject="Undeliverable mail: Your order"), "5.3.4"),
    back("a Symantec gateway that says only a code", free("Your mail to <ann@example.org> failed: 553 not our customer\n", subject="Delivery Failure"), "5.0.0"),
    back("an answer that was refused for its reputation", free("<ann@example.org>: host mx said: 554 Your access to this mail system has been rejected due to the sending MTA's poor reputation. 192.0.2.1 is listed at a blocklist\n"), "5.7.1"),
    back("nobody is named, the returned mail tells", free("Your message could not be delivered. The account has been disabled or discontinued.\n"), "5.2.1", gone=True),
    back("a report that gives no reason at all", free("The delivery of your message to ann@example.org failed.\n"), "5.0.0"),
    back("returned below lines with a quote mark", free("Delivery to ann@example.org failed: 550 user unknown\n\n----- Original message -----\n", original="\n".join(f"> {line}" for line in RETURNED.splitlines())), "5.1.1", gone=True),
    back("only our id in the text", free(f"Could not deliver Message-ID: <{OUR_ID}> to ann@example.org: 550 5.1.1 unknown\n", original=""), "5.1.1", gone=True),
    back("no null return path, but a daemon and its subject", free("<ann@example.org>: 550 5.1.1 unknown\n", "Return-Path: <MAILER-DAEMON@mx.example.org>"), "5.1.1", gone=True),
    late("old Postfix: delayed", free("This is a warning message only. You do not need to resend your message.\n\n<ann@example.org>: connect to mx.example.org: Connection timed out\n", subject="Delayed Mail (still being retried)")),
    late("sendmail: delayed", free("    **      THIS IS A WARNING MESSAGE ONLY      **\n    ** YOU DO NOT NEED TO RESEND YOUR MESSAGE **\n\nann@example.org: 421 mx.example.org is not ready\n", subject="Warning: could not send message for past 4 hours")),
)  # fmt: skip


def note(name: str, raw: bytes, *, kind: str = "auto_reply", **marks: Any) -> Case:
    """A row whose outcome is a mail that is kept with these marks and answered by no machine."""
    return Case(name, raw, (like(Arrival, data=Marked(kind=kind, automatic=True, **marks)),))


class Marked(dict[str, Any]):
    """Equal to whatever has at least these entries; one that is None must be missing."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, dict) and all(other.get(key) == value for key, value in self.items())


AWAY = (
    note("RFC 3834", mail("Auto-Submitted: auto-replied", "Subject: Re: Your order", body="I am away."), quiet=True, machine=True),
    note("Exchange away", mail("Auto-Submitted: auto-generated", "X-Auto-Response-Suppress: All", "Subject: Automatic reply: Your order"), quiet=True),
    note("Gmail's vacation responder", mail("Auto-Submitted: auto-replied", "X-Autoreply: yes", "Precedence: bulk", "Subject: Away Re: Your order"), quiet=True),
    note("Yandex away", mail("X-Yandex-Autoreply: yes", "Subject: Re: Your order"), quiet=True),
    note("out of office without any field", mail("Subject: Out of Office: back on Monday"), quiet=True),
    note("out of office, in German", mail("Subject: Automatische Antwort: Ihre Bestellung"), quiet=True),
    note("out of office, in Russian", mail("Subject: Автоматический ответ: Ваш заказ"), quiet=True),
    note("out of office, in Ukrainian", mail("Subject: Автовідповідь: Ваше замовлення"), quiet=True),
    note("out of office, in French", mail("Subject: Réponse automatique : votre commande"), quiet=True),
    note("out of office, in Polish", mail("Subject: Odpowiedź automatyczna: zamówienie"), quiet=True),
    note("out of office, in Swedish", mail("Subject: Autosvar: din order"), quiet=True),
    note("an answer that names our message", mail("Auto-Submitted: auto-replied", f"In-Reply-To: <{OUR_ID}>"), quiet=True, answers=[OURS]),
    note("a challenge", mail("Auto-Submitted: auto-replied", "Subject: Please confirm your message to ann@example.org"), challenge=True, quiet=None),
    note("a challenge by Boxbe", mail("X-Boxbe-Challenge: 1", "Subject: Re: Your order"), challenge=True, quiet=None),
    note("a challenge of a TMDA", mail("X-TMDA-Confirm: 1", "Precedence: bulk", "Subject: Waiting for your approval to deliver"), challenge=True),
    note("a ticket system's acknowledgement", mail("Auto-Submitted: auto-replied", "Subject: [#4711] We have your request"), quiet=True),
    note("a newsletter is a mail for people, and no machine answers it", mail("List-Unsubscribe: <https://x.test/u>", "Precedence: bulk", "Subject: News"), kind="message", quiet=None, machine=None),
    note("a notice of another system", mail("From: noreply@bank.test", "Subject: Payment received"), kind="message", quiet=None),
)  # fmt: skip

STRANGERS = (
    note("a bounce that proves nothing", dsn("x", "5.1.1", "smtp; 550 5.1.1 unknown", original=""), kind="bounce", quiet=None),
    note("a bounce with a seal that is not ours", free("<ann@example.org>: 550 5.1.1 unknown\n", original=RETURNED.replace(OUR_MARK, f"{OURS}.aaaaaaaaaaaaaaaa").replace(OLDER, "x@y")), kind="bounce", quiet=None),
    note("a bounce whose only marks are older ones of the thread", free("<ann@example.org>: 550 5.1.1 unknown\n", original=f"From: eve@evil.test\nTo: ann@example.org\nReferences: <{OLDER}> <{OUR_ID}>\n"), kind="bounce"),
    Case("a mail about mail delivery is a mail", mail("Subject: Delivery failed again?!", body="My parcel did not come."), (like(Arrival, data=Marked(kind="message", automatic=False)),)),
    Case("somebody forwards a bounce", mail("Subject: Fwd: Undelivered Mail Returned to Sender", body=f"What is this?\n\n{RETURNED}"), (like(Arrival, data=Marked(kind="message", automatic=False)),)),
    Case("the postmaster, a person", mail("From: postmaster@example.org", "Subject: Your server"), (like(Arrival, data=Marked(kind="message")),)),
)  # fmt: skip


def arf(feedback: str, *, original: str = RETURNED, extra: str = "") -> bytes:
    """A feedback report by RFC 5965."""
    return mail("From: feedbackloop@provider.test", "Subject: FW: Your order", 'Content-Type: multipart/report; report-type=feedback-report; boundary="b0"',
                body=mixed("Content-Type: text/plain\n\nThis is an email abuse report.",
                           f"Content-Type: message/feedback-report\n\nFeedback-Type: {feedback}\nUser-Agent: Loop/1.0\nVersion: 1\n{extra}",
                           f"Content-Type: message/rfc822\n\n{original}\nHello"))  # fmt: skip


def gone(name: str, raw: bytes) -> Case:
    return Case(
        name, raw, (like(Withdrawal, purpose="marketing", how="complaint", outbound=OURS, key=f"complaint:{OURS}"),)
    )


COMPLAINTS = (
    gone("abuse", arf("abuse")),
    gone("abuse with the recipient hidden", arf("abuse", original=RETURNED.replace("To: ann@example.org", "To: redacted@provider.test"))),
    gone("abuse with its recipient", arf("abuse", extra="Original-Rcpt-To: <ann@example.org>\n")),
    gone("opt-out", arf("opt-out")),
    gone("fraud", arf("fraud")),
    gone("only the head of the mail", mail("From: fbl@provider.test", 'Content-Type: multipart/report; report-type=feedback-report; boundary="b0"', body=mixed(
         "Content-Type: text/plain\n\nx", "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 0.1\n", f"Content-Type: text/rfc822-headers\n\n{RETURNED}"))),
    Case("it was no spam after all", arf("not-spam"), (like(Ignored, reason="feedback report: not-spam"),)),
    note("a complaint about a mail that is not ours", arf("abuse", original="From: x@y.test\nMessage-ID: <1@y.test>\n"), kind="complaint", quiet=None),
    note("a report about authentication", arf("auth-failure"), kind="complaint", quiet=None),
)  # fmt: skip


def mdn(disposition: str, *, original: str = OUR_ID, subject: str = "Read: Your order") -> bytes:
    """A notification by RFC 8098."""
    return mail(f"Subject: {subject}", 'Content-Type: multipart/report; report-type=disposition-notification; boundary="b0"', body=mixed(
                "Content-Type: text/plain\n\nYour message was displayed.", "Content-Type: message/disposition-notification\n\nReporting-UA: mail.example.org; Mailer\n"
                f"Final-Recipient: rfc822;ann@example.org\nOriginal-Message-ID: <{original}>\nDisposition: {disposition}\n"))  # fmt: skip


def seen(name: str, raw: bytes, status: str) -> Case:
    return Case(name, raw, (like(Receipt, address=ANN, status=status, outbound=OURS),))


READ = (
    seen("displayed by hand", mdn("manual-action/MDN-sent-manually; displayed"), "read"),
    seen("displayed by rule", mdn("automatic-action/MDN-sent-automatically; displayed"), "read"),
    seen("displayed, with a remark", mdn("manual-action/MDN-sent-manually; displayed/warning"), "read"),
    seen("displayed, in Russian", mdn("manual-action/MDN-sent-manually; displayed", subject="Прочтено: Ваш заказ"), "read"),
    seen("deleted unread: it arrived at least", mdn("manual-action/MDN-sent-manually; deleted"), "delivered"),
    Case("they would not say", mdn("manual-action/MDN-sent-manually; denied"), (like(Ignored, reason="read receipt: denied"),)),
    note("about a mail that is not ours", mdn("manual-action/MDN-sent-manually; displayed", original="x@elsewhere.test"), kind="receipt", quiet=True),
)  # fmt: skip

REPORTS = (*STANDARD, *FREE, *AWAY, *STRANGERS, *COMPLAINTS, *READ)
