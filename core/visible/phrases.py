"""The words mail programs put around what a person wrote, one row per language. A new language is one more row.

Everything is compared in lower case with runs of white space as one space. Where a program differs by gender or
version, all forms are listed.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phrases:
    """One language's words.

    `opens`: how a line above a quote begins ("On Monday … Ann wrote:"). `wrote`: its verb. `from_`, `date`, `to`,
    `subject`: the labels of a copied header. `original` and `forwarded`: the line between, without its dashes.
    `sent_from`: how a phone's signature begins. `closings`: words a letter closes with. `inline`: what says that the
    answers stand inside the quote. `confidential` and `this_mail`: a disclaimer has one of each in one paragraph.
    """

    opens: str
    wrote: str
    from_: str
    date: str
    to: str
    subject: str
    original: str
    forwarded: str
    sent_from: str
    closings: str
    inline: str = ""
    confidential: str = ""
    this_mail: str = ""


LANGUAGES: dict[str, Phrases] = {
    "en": Phrases(
        opens="on|at|quoting",
        wrote="wrote|writes|said|has written",
        from_="from",
        date="sent|date|sent at|received",
        to="to|cc|bcc|reply-to",
        subject="subject|importance|attachments",
        original="original message|original email|reply message|original appointment",
        forwarded=(
            "forwarded message|begin forwarded message|forwarded email|forwarded by|fwd message|"
            "start of forwarded message"
        ),
        sent_from=(
            "sent from|sent via|sent with|sent using|get outlook for|get bluemail for|get aqua mail for|"
            "get spark for|sent by|sent on the go from|typed on|written on my"
        ),
        closings=(
            "best regards|kind regards|warm regards|regards|best wishes|best|many thanks and regards|sincerely|"
            "yours sincerely|yours faithfully|yours truly|cheers|with kind regards|with best regards|"
            "thanks and regards|thanks & regards|kindest regards|respectfully|all the best"
        ),
        inline=(
            "inline|in line|in-line|in red|in blue|in bold|between the lines|below each|after each|"
            "comments below|answers below|replies below|see my comments"
        ),
        confidential="confidential|privileged|intended only|intended solely|intended recipient",
        this_mail=(
            "this e-mail|this email|this message|this communication|confidentiality notice|this transmission|"
            "the information contained in"
        ),
    ),
    "ru": Phrases(
        opens="в|от",
        wrote="пишет|писал|писала|написал|написала|написал(а)|писал(а)|написали|писали|пишете|сообщил|сообщает|от",
        from_="от|от кого|отправитель",
        date="отправлено|дата|послано|время|отправлен",
        to="кому|копия|получатель|скрытая копия|cc",
        subject="тема|важность|вложения",
        original=(
            "исходное сообщение|оригинальное сообщение|исходное письмо|первоначальное сообщение|оригинал сообщения"
        ),
        forwarded=(
            "пересылаемое сообщение|пересланное сообщение|начало переадресованного сообщения|"
            "начало переадресованного письма|перенаправленное сообщение|пересылаемое письмо|пересланное письмо|"
            "пересланное от|начало пересылаемого сообщения"
        ),
        sent_from=(
            "отправлено с|отправлено из|послано с|послано из|отправлено через|написано с|скачать outlook для|"
            "получить outlook для"
        ),
        closings=(
            "с уважением|с наилучшими пожеланиями|с почтением|всего доброго|всего хорошего|искренне ваш|"
            "искренне ваша|с пожеланиями успехов|с найкращими"
        ),
        inline="ответы ниже|комментарии ниже|в тексте|красным|по тексту|ответил ниже|отвечаю ниже|ответы в письме",
        confidential="конфиденциальн|предназначен",
        this_mail=(
            "это сообщение|данное сообщение|настоящее сообщение|это письмо|данное письмо|настоящее письмо|"
            "это электронное|данное электронное|настоящее электронное|этого сообщения|информация, содержащаяся"
        ),
    ),
    "uk": Phrases(
        opens="у|о|в|від",
        wrote=(
            "пише|пишете|писали|написали|писав|писала|написав|написала|написав(-ла)|написав(ла)|написав(а)|пишет|"
            "повідомляє|від"
        ),
        from_="від|від кого|відправник",
        date="надіслано|дата|відправлено|час",
        to="кому|копія|отримувач|одержувач|прихована копія",
        subject="тема|важливість|вкладення",
        original=(
            "вихідне повідомлення|оригінальне повідомлення|початкове повідомлення|початковий лист|"
            "оригінал повідомлення|вихідний лист|оригінальний лист"
        ),
        forwarded=(
            "переслане повідомлення|пересланий лист|початок переадресованого повідомлення|"
            "початок листа, що пересилається|переадресоване повідомлення|початок переадресованого листа|"
            "перенаправлене повідомлення|повідомлення, що пересилається|пересилається повідомлення"
        ),
        sent_from=(
            "надіслано з|відправлено з|надіслано через|відправлено через|надіслано із|відправлено із|написано з|"
            "отримати outlook для|завантажити outlook для|завантажте outlook для"
        ),
        closings=(
            "з повагою|з найкращими побажаннями|з вдячністю та повагою|усього найкращого|всього найкращого|"
            "всього доброго|щиро ваш|щиро ваша|з пошаною"
        ),
        inline=(
            "відповіді нижче|коментарі нижче|у тексті|червоним|по тексту|відповіла нижче|відповідаю нижче|"
            "відповів нижче"
        ),
        confidential="конфіденційн|призначен",
        this_mail=(
            "це повідомлення|дане повідомлення|цей лист|даний лист|цей електронний|інформація, що міститься|"
            "це електронне"
        ),
    ),
    "de": Phrases(
        opens="am|on|zitat von|zitiere",
        wrote="schrieb|schreibt|hat geschrieben|geschrieben|schrieben",
        from_="von",
        date="gesendet|datum|gesendet am|verschickt",
        to="an|cc|kopie|bcc|antwort an",
        subject="betreff|wichtigkeit|anlagen",
        original=(
            "ursprüngliche nachricht|originalnachricht|original-nachricht|original nachricht|"
            "urspruengliche nachricht|ursprüngliche mail|original-mail|originalmail|ursprünglicher termin"
        ),
        forwarded=(
            "weitergeleitete nachricht|anfang der weitergeleiteten nachricht|weitergeleitete e-mail|"
            "weitergeleitet von|weitergeleitete mail|ursprünglich gesendet von|"
            "beginn der weitergeleiteten nachricht"
        ),
        sent_from=(
            "von meinem|gesendet von|gesendet mit|diese nachricht wurde von|von unterwegs gesendet|outlook für|"
            "holen sie sich outlook für|hole dir outlook für|versendet mit|mit der|gesendet über"
        ),
        closings=(
            "mit freundlichen grüßen|mit freundlichen gruessen|mit freundlichem gruß|freundliche grüße|"
            "viele grüße|beste grüße|liebe grüße|mfg|lg|vg|schöne grüße|herzliche grüße|mit besten grüßen|gruß|"
            "grüße|hochachtungsvoll"
        ),
        inline="im text|unten im text|in rot|rot markiert|inline|antworten unten|siehe unten in|zwischen den zeilen",
        confidential="vertraulich|geschützt|bestimmt",
        this_mail="diese e-mail|diese email|diese mail|diese nachricht|diese elektronische|dieser e-mail",
    ),
    "fr": Phrases(
        opens="le|en date du|date",
        wrote="a écrit|écrit|a ecrit|écrivait|ecrit|a envoyé|a répondu",
        from_="de|expéditeur|expediteur|émetteur",
        date="envoyé|date|envoye|envoyé le|date d'envoi",
        to="à|a|cc|copie|copie à|pour|destinataire|cci|répondre à",
        subject="objet|sujet|importance",
        original=(
            "message d'origine|message original|message initial|message d’origine|courriel original|mail original"
        ),
        forwarded=(
            "message transféré|message transfere|début du message réexpédié|début du message transféré|"
            "message réexpédié|courriel transféré|mail transféré|transféré par|message réacheminé|"
            "e-mail transféré"
        ),
        sent_from=(
            "envoyé de|envoyé depuis|envoyé à partir de|envoyé avec|envoyé via|télécharger outlook pour|"
            "obtenir outlook pour|provenance|envoyé d'un|envoye de mon"
        ),
        closings=(
            "cordialement|bien cordialement|bien à vous|très cordialement|sincères salutations|"
            "meilleures salutations|salutations distinguées|bonne journée|cdlt|sincèrement|amicalement|"
            "bonne réception|salutations"
        ),
        inline="dans le texte|en rouge|ci-dessous en|entre les lignes|réponses ci-dessous|dans votre texte",
        confidential="confidentiel|confidentielle|destinataire|destiné|destinés|établis à l'intention",
        this_mail="ce message|cet e-mail|ce mail|ce courriel|cet email|ce courrier électronique|le présent message",
    ),
    "es": Phrases(
        opens="el|en|quoting",
        wrote="escribió|escribio|ha escrito|escribe|escribía",
        from_="de|desde|remitente",
        date="enviado|fecha|enviado el|enviada el|enviado a las|fecha de envío",
        to="para|cc|cco|a|responder a",
        subject="asunto|importancia|tema",
        original="mensaje original|mensaje de origen|correo original",
        forwarded=(
            "mensaje reenviado|inicio del mensaje reenviado|reenviado por|comienzo del mensaje reenviado|"
            "correo reenviado"
        ),
        sent_from=(
            "enviado desde|enviado con|enviado por|enviado de mi|enviado a través de|obtener outlook para|"
            "descargar outlook para|obtenga outlook para|enviado usando"
        ),
        closings=(
            "saludos|un saludo|saludos cordiales|atentamente|cordialmente|muchas gracias y saludos|"
            "un cordial saludo|reciba un cordial saludo|atte|un abrazo|cordial saludo"
        ),
        inline="en rojo|en el texto|entre líneas|respuestas abajo|más abajo en|respondo abajo",
        confidential="confidencial|destinatario|privilegiada",
        this_mail="este mensaje|este correo|este e-mail|este email|esta comunicación|la información contenida",
    ),
    "it": Phrases(
        opens="il|il giorno|in data|on",
        wrote="ha scritto|scritto|scrive|scriveva|hai scritto",
        from_="da|mittente",
        date="inviato|data|inviata|inviato il|data invio",
        to="a|cc|ccn|per|destinatario|rispondi a",
        subject="oggetto|priorità|importanza",
        original="messaggio originale|messaggio originario|messaggio di origine|email originale",
        forwarded=(
            "messaggio inoltrato|inizio messaggio inoltrato|inizio del messaggio inoltrato|inoltrato da|"
            "messaggio girato|e-mail inoltrata"
        ),
        sent_from=(
            "inviato da|inviato dal|inviata da|inviato con|inviato tramite|ottieni outlook per|"
            "scarica outlook per|inviata dal|spedito da"
        ),
        closings=(
            "cordiali saluti|distinti saluti|saluti|un saluto|cordialmente|un cordiale saluto|grazie e saluti|"
            "buona giornata|i migliori saluti|cordialità"
        ),
        inline="nel testo|in rosso|tra le righe|risposte sotto|rispondo sotto",
        confidential="riservat|confidenzial|destinatari|riservatezza",
        this_mail=(
            "questo messaggio|questa e-mail|questa email|la presente|il presente messaggio|"
            "le informazioni contenute|questa comunicazione"
        ),
    ),
    "pl": Phrases(
        opens="dnia|w dniu|wiadomość napisana przez|on|w",
        wrote="napisał|napisała|napisał(a)|pisze|napisał/a|napisano|wiadomość napisana przez|napisali|użytkownik",
        from_="od|nadawca",
        date="wysłano|data|wysłane|wyslano|wysłany|data wysłania",
        to="do|dw|udw|kopia|cc|adresat|odpowiedź do",
        subject="temat|ważność|tytuł",
        original=(
            "wiadomość oryginalna|oryginalna wiadomość|wiadomosc oryginalna|oryginalny e-mail|"
            "wiadomość pierwotna|oryginalna wiadomosc"
        ),
        forwarded=(
            "wiadomość przekazana|przekazana wiadomość|treść przekazanej wiadomości|"
            "początek przekazanej wiadomości|przekazana wiadomosc|przekazano dalej|"
            "początek przekazywanej wiadomości|wiadomość przesłana dalej|przesłana wiadomość|przekazana przez"
        ),
        sent_from=(
            "wysłane z|wysłano z|wyslane z|wysłane przez|wysłano za pomocą|pobierz outlook dla|"
            "uzyskaj outlook dla|wysłane za pomocą|wysłana z"
        ),
        closings=(
            "pozdrawiam|z poważaniem|z wyrazami szacunku|pozdrowienia|serdecznie pozdrawiam|"
            "pozdrawiam serdecznie|łączę pozdrowienia|z pozdrowieniami|miłego dnia|pzdr"
        ),
        inline="w treści|na czerwono|w tekście|odpowiedzi poniżej|odpowiadam poniżej|między wierszami",
        confidential="poufn|przeznaczon|adresat",
        this_mail="niniejsza wiadomość|ta wiadomość|wiadomość ta|treść tej wiadomości|niniejszy e-mail|ten e-mail",
    ),
    "nl": Phrases(
        opens="op|in een bericht",
        wrote="schreef|geschreven|heeft geschreven|schrijft|het volgende geschreven",
        from_="van|afzender",
        date="verzonden|datum|verzonden op|verstuurd",
        to="aan|cc|kopie|bcc",
        subject="onderwerp|prioriteit|urgentie",
        original=(
            "oorspronkelijk bericht|origineel bericht|originele bericht|oorspronkelijke bericht|oorspronkelijke e-mail"
        ),
        forwarded=(
            "doorgestuurd bericht|begin doorgestuurd bericht|doorgezonden bericht|begin van doorgestuurd bericht|"
            "doorgestuurde e-mail|doorgestuurde mail|begin van het doorgestuurde bericht"
        ),
        sent_from=(
            "verstuurd vanaf|verzonden vanaf|verstuurd via|verzonden via|verstuurd met|verzonden met|"
            "outlook voor|download outlook voor|verzonden vanuit|verstuurd vanuit|verstuurd met mijn|"
            "haal outlook voor"
        ),
        closings=(
            "met vriendelijke groet|met vriendelijke groeten|vriendelijke groet|vriendelijke groeten|groeten|"
            "groet|mvg|hartelijke groet|hartelijke groeten|hoogachtend|met hartelijke groet|groetjes"
        ),
        inline="in het rood|in de tekst|tussen de regels|antwoorden hieronder|zie hieronder in",
        confidential="vertrouwelijk|bestemd|geadresseerde",
        this_mail="dit bericht|deze e-mail|deze email|dit e-mailbericht|de informatie in",
    ),
    "pt": Phrases(
        opens="em|a|no dia|às|ao|on|na",
        wrote="escreveu|escreveu o seguinte|escreve|escrevera|escreveram",
        from_="de|remetente",
        date="enviado|enviada|data|enviado em|enviada em|enviado a",
        to="para|cc|cco|com cópia|bcc|responder para",
        subject="assunto|importância|prioridade",
        original="mensagem original|mensagem de origem|email original",
        forwarded=(
            "mensagem encaminhada|início da mensagem reencaminhada|início da mensagem encaminhada|"
            "mensagem reencaminhada|encaminhado por|forwarded message|e-mail encaminhado"
        ),
        sent_from=(
            "enviado do|enviado a partir do|enviado pelo|enviado via|enviado do meu|obter o outlook para|"
            "baixe o outlook para|obtenha o outlook para|enviada do|enviado através do|enviado de|enviado da"
        ),
        closings=(
            "atenciosamente|cumprimentos|com os melhores cumprimentos|melhores cumprimentos|cordialmente|"
            "obrigado e cumprimentos|abraços|att|abraço|grato|saudações|com os meus cumprimentos"
        ),
        inline="em vermelho|no texto|entre linhas|respostas abaixo|respondo abaixo",
        confidential="confidencial|confidenciais|destinatário|destina-se",
        this_mail=(
            "esta mensagem|este e-mail|este email|as informações contidas|a informação contida|esta comunicação"
        ),
    ),
    "cs": Phrases(
        opens="dne|v|on|dňa",
        wrote="napsal|napsala|napsal(a)|napsal/a|píše|napísal|napísala|napísal(a)|odesílatel|odesilatel|napsali",
        from_="od|odesílatel|odosielateľ",
        date="odesláno|datum|dátum|odoslané|posláno",
        to="komu|kopie|kópia|cc|příjemce|skrytá kopie",
        subject="předmět|predmet|důležitost",
        original="původní zpráva|pôvodná správa|původní e-mail|puvodni zprava|původní email",
        forwarded=(
            "přeposlaná zpráva|preposlaná správa|začátek přeposlané zprávy|přesměrovaná zpráva|předaná zpráva|"
            "začátok preposlanej správy|přeposlaný e-mail|přesměrováno od|přeposlaný email"
        ),
        sent_from=(
            "odesláno z|odoslané z|posláno z|odesláno pomocí|získejte outlook pro|stáhnout outlook pro|"
            "odesláno přes|poslané z|získat outlook pro|napsáno z|odesláno ze"
        ),
        closings=(
            "s pozdravem|s přátelským pozdravem|s úctou|hezký den|s pozdravom|zdravím|přeji hezký den|"
            "děkuji a přeji hezký den|s přáním hezkého dne"
        ),
        inline="v textu|červeně|odpovědi níže|odpovídám níže|mezi řádky",
        confidential="důvěrn|určen|adresát|dôvern",
        this_mail="tato zpráva|tento e-mail|tento email|obsah této zprávy|informace obsažené|táto správa",
    ),
    "sv": Phrases(
        opens="den|vid|på|i|on",
        wrote="skrev|skriver|har skrivit|skrev följande",
        from_="från|fra|avsändare",
        date="skickat|datum|dato|sendt|skickades",
        to="till|til|kopia|cc|kopi",
        subject="ämne|emne|prioritet",
        original=(
            "ursprungligt meddelande|originalmeddelande|oprindelig meddelelse|opprinnelig melding|"
            "originalmelding|ursprungligt mejl|ursprungligt mail|ursprungligt e-postmeddelande"
        ),
        forwarded=(
            "vidarebefordrat meddelande|vidarebefordrat brev|påbörjat vidarebefordrat meddelande|"
            "vidarebefordrat mejl|videresendt meddelelse|videresendt melding|vidarebefordrat mail|"
            "början på vidarebefordrat meddelande|vidaresänt meddelande|börja vidarebefordrat meddelande|"
            "start på vidarebefordrat meddelande|begynnelsen på vidarebefordrat meddelande"
        ),
        sent_from=(
            "skickat från|sendt fra|skickades från|hämta outlook för|hent outlook til|skickat via|skickat med|"
            "skaffa outlook för|sänt från"
        ),
        closings=(
            "med vänlig hälsning|med vänliga hälsningar|vänliga hälsningar|hälsningar|vänligen|mvh|"
            "med venlig hilsen|med vennlig hilsen|bästa hälsningar|vänlig hälsning|hälsar|allt gott"
        ),
        inline="i rött|i texten|mellan raderna|svar nedan|svarar nedan",
        confidential="konfidentiell|sekretess|avsedd|fortrolig",
        this_mail=(
            "detta meddelande|detta e-postmeddelande|det här meddelandet|detta mail|denna e-post|informationen i"
        ),
    ),
    # Neighbours whose programs write to the same shops; only what folds a quote.
    "others": Phrases(
        opens="dana|în|pe|tarih|at|den|la|på|il-|a|pvm",
        wrote=(
            "kirjoitti|írta|ezt írta|a scris|yazdı|şunu yazdı|έγραψε|написа|je napisao|je napisala|napisao je|"
            "rašė|parašė|rakstīja|kirjutas|жазды|写道|寫道|のメール|skreiv|a scrís|är skrivet|je napisal|je napisala"
        ),
        from_="lähettäjä|feladó|de la|kimden|από|од|šalje|nuo|no|saatja|发件人|寄件者|差出人|კომუ|expeditor|gönderen",
        date=(
            "lähetetty|elküldve|trimis|gönderildi|στάλθηκε|ημερομηνία|poslano|išsiųsta|nosūtīts|saadetud|发送时间|"
            "送信日時|dátum|tarih|日期"
        ),
        to="vastaanottaja|címzett|către|kime|προς|za|prima|kam|saaja|收件人|宛先|抄送|másolatot kap|bilgi",
        subject="aihe|tárgy|subiect|konu|θέμα|zadeva|predmet|tema|teema|主题|主旨|件名",
        original=(
            "alkuperäinen viesti|eredeti üzenet|mesaj original|özgün ileti|orijinal mesaj|αρχικό μήνυμα|"
            "izvorna poruka|originali žinutė|sākotnējais ziņojums|原始邮件|邮件原件|оригинално съобщение|"
            "izvirno sporočilo|mesajul original|algne kiri"
        ),
        forwarded=(
            "välitetty viesti|edelleenlähetett viesti|továbbított üzenet|mesaj redirecționat|iletilen ileti|"
            "yönlendirilen mesaj|προωθημένο μήνυμα|proslijeđena poruka|转发邮件|препратено съобщение|"
            "posredovano sporočilo|persiųsta žinutė|yönlendirilmiş ileti"
        ),
        sent_from=(
            "lähetetty|küldve|trimis de pe|trimis din|στάλθηκε από|poslano s|poslano iz|išsiųsta iš|nosūtīts no|"
            "saadetud minu|发自我的|изпратено от|dërguar nga"
        ),
        closings=(
            "terveisin|üdvözlettel|cu respect|saygılarımla|με εκτίμηση|srdačan pozdrav|lep pozdrav|pagarbiai|"
            "ar cieņu|lugupidamisega|поздрави|с уважение|ystävällisin terveisin|cu stimă"
        ),
    ),
}

# Devices and programs: a phone's signature names one, an ordinary sentence ("Sent from my warehouse") does not.
DEVICES = (
    "iphone|ipad|ipod|iphonu|iphon|айфон|андроид|андроїд|android|samsung|galaxy|xiaomi|redmi|poco|huawei|"
    "honor|oppo|realme|oneplus|pixel|nokia|lumia|motorola|xperia|blackberry|windows phone|windows mail|for windows|"
    "windows 10|windows 11|mobile device|mobile phone|my mobile|my phone|my cell|smartphone|smart phone|"
    "tablet|handset|outlook|yahoo|gmail|proton|protonmail|mail.ru|яндекс|yandex|ukr.net|thunderbird|spark|"
    "mailbird|bluemail|blue mail|aqua mail|aquamail|edison|zoho|gmx|web.de|t-online|freenet|libero|orange|"
    "laposte|seznam|wp poczta|onet|interia|poczty|telstra|ios|mobilgerät|mobiltelefon|mobil|handy|mobilen|"
    "téléphone|telephone|mon mobile|portable|móvil|movil|celular|teléfono|dispositivo|cellulare|telefono|"
    "smartfon|telefonu|telefon|komórki|tabletu|tableta|mobiele|telefoon|telemóvel|telemovel|mobilu|mobilního|"
    "мобильн|мобільн|телефон|смартфон|планшет|устройств|пристро|почты|пошти|моб. пошти|surface|fairphone|"
    "fairmail|k-9|k9 mail|nine|airmail|hey.com|fastmail|tutanota|tuta|mailspring|postbox|em client|canary|"
    "superhuman|i.ua|meta.ua|rambler|рамблер|surftab|appareil"
)
FORWARD_PREFIXES = (
    "fw|fwd|wg|tr|rv|i|pd|enc|vb|vs|ilt|doorst|továbbítás|пересл|пересылка|переслано|пер|прд|fs|vl|res fwd|转发"
)
OUR_MARKS = (
    "reply above this line|type your reply above|write above this line|write your reply above|"
    "пишите ответ выше этой строки|ответьте выше этой строки|пишіть відповідь вище цього рядка|"
    "antworten sie oberhalb dieser zeile|bitte oberhalb dieser zeile antworten|répondez au-dessus de cette ligne|"
    "responda por encima de esta línea|rispondi sopra questa riga|odpowiedz powyżej tej linii"
)
