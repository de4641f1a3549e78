"""What people say when they mean something: the phrases of every intent, in English, Russian and Ukrainian.

A phrase is words that stand near each other in any order. `a|b` is either; `замов*` is every word that starts so; a
leading `=` wants the words side by side in this order; a leading `!` wants that little else was said. Words are written
normalised (see `bot.words`): lower case, no apostrophes, ё as е, ґ as г.

The order of the table matters: the first intent with a phrase that fits is the one.
"""

from __future__ import annotations

from bot.words import words

_ORDER = "order|orders|ordered|parcel|parcels|package|shipment|delivery|purchase"
_ZAKAZ = "заказ|заказа|заказу|заказом|заказе|заказы|заказов|заказал|заказала|посылк*|доставк*|покупк*|бандерол*"
_ZAMOV = "замовлен*|замовив|замовила|замовляв|замовляла|посилк*|доставк*|покупк*|бандерол*"

PHRASES: dict[str, tuple[str, ...]] = {
    "erasure": (
        "delete|erase|remove|forget|wipe my|personal data|information|account|history|profile",
        "delete|erase|forget|wipe me",
        "!gdpr",
        "удалить|удалите|удалити|сотрите|стереть|забудьте данные|данных|аккаунт|профиль|информацию|переписку|меня",
        "видалити|видаліть|зітріть|стерти|забудьте дані|даних|акаунт|профіль|інформацію|листування|мене",
    ),
    "callback": (
        "call|ring|phone me",
        "= call back",
        "!callback",
        "request|want|need|order|book|schedule|arrange call|callback",
        "позвоните|перезвоните|позвони|перезвони|наберите|набери|перезвонить|позвонить|звонок",
        "зателефонуйте|передзвоніть|подзвоніть|зателефонуй|передзвони|наберіть|передзвонити|зателефонувати|дзвінок",
    ),
    "person": (
        "agent|agents|operator|operators|human|humans|representative",
        "real|live|actual person|people|someone",
        "talk|speak|chat|connect|transfer|need|want|get person|someone|somebody|manager|support|specialist|staff",
        "!person|people|manager|support",
        "оператор*|живим|консультант*|агент*",
        "жив*|настоящ*|реальн* человек*",
        "!человек*|менеджер*|поддержк*|сотрудник*|люди",
        "= с человеком",
        "поговорить|связаться|свяжите|соедините|позовите|переключите|переведите|пригласите|нужен|нужна"
        " человек*|менеджер*|кем|специалист*|сотрудник*|поддержк*|кого",
        "жив*|справжн*|реальн* людин*",
        "!людин*|менеджер*|підтримк*|працівник*|спеціаліст*",
        "= з людиною",
        "поговорити|звязатися|звязатись|звяжіть|зєднайте|покличте|переключіть|переведіть|запросіть|потрібен|потрібна"
        " людин*|менеджер*|кимось|спеціаліст*|працівник*|підтримк*|когось",
    ),
    "lang:en": (
        "speak|write|switch|answer|understand|language english",
        "= in english",
        "!english|англійськ*|английск*|eng",
        "= по английски",
        "= на английском",
        "розмовля*|пишіть|говоріть|можна англійськ*",
    ),
    "lang:ru": (
        "speak|write|switch|answer|understand|language russian",
        "= in russian",
        "= по русски",
        "= на русском",
        "!русский|русском|русски|русск|russian|російськ*",
        "розмовля*|пишіть|говоріть|можна російськ*",
    ),
    "lang:uk": (
        "speak|write|switch|answer|understand|language ukrainian",
        "= in ukrainian",
        "= по украински",
        "= на украинском",
        "!українськ*|украинск*|украински|ukrainian",
        "розмовля*|пишіть|говоріть|можна|можете українськ*",
    ),
    "language": (
        "!language|languages|lang|язык|языка|мова|мову|мови",
        "change|switch|other|another language",
        "сменить|поменять|другой|выбрать язык",
        "змінити|іншу|інша|вибрати|обрати мов*|мову",
    ),
    "complaint": (
        "complain|complaint|complaints|damaged|broken|awful|terrible|outrageous|unacceptable|disgusting",
        "= wrong order",
        "= wrong item",
        "жалоб*|пожаловаться|поврежден*|сломан*|разбит*|бракован*|безобраз*|возмутительн*|ужасн*",
        "скарга|скаргу|скарги|поскаржитися|поскаржитись|пошкоджен*|зламан*|розбит*|бракован*|жахлив*|неподобств*",
    ),
    "delivery": (
        "change|correct|update|edit|different|another|wrong|new|modify address|recipient",
        "change|correct|update|edit|modify delivery|shipping",
        "= deliver to another",
        "изменить|поменять|измените|поменяйте|исправить|исправьте|сменить|другой|неверный|новый|указал|указала"
        " адрес|адреса|получателя|получатель",
        "изменить|поменять|измените|поменяйте|исправить доставку|доставки",
        "змінити|змініть|поміняти|поміняйте|виправити|виправте|інша|іншу|невірна|нова|нову|вказав|вказала"
        " адресу|адреса|адреси|отримувача|отримувач",
        "змінити|змініть|поміняти|поміняйте|виправити доставку|доставки",
    ),
    "order_status": (
        f"where|wheres|status|track|tracking|eta {_ORDER}",
        "when|has|have|will|did|not|late|still|waiting|soon|check|any|news|whats|what|long"
        " arrive|arrived|arriving|come|shipped|ship|sent|delivered|receive|received"
        f" {_ORDER}",
        "when|waiting|late|check|news|happening|happened|update order|orders|parcel|package|shipment",
        "!track|tracking",
        f"где|статус|отследить|отслежи*|трек|трекинг|трек* {_ZAKAZ}",
        f"когда|как|жду|ждать|долго|проверить|узнать|не {_ZAKAZ}"
        " придет|приедет|пришел|пришла|привезут|доставят|доставлен|отправили|отправлен|будет|получу|приходит"
        "|там|жду|долго",
        "= что с заказом",
        "= что с моим заказом",
        "когда|проверить|узнать заказ|заказа|посылк*",
        "!отследить|отслежи*|трек",
        f"де|статус|відстеж*|відслідк*|трек|трекінг {_ZAMOV}|заказ",
        f"коли|як|чекаю|чекати|довго|перевірити|дізнатися|дізнатись|не {_ZAMOV}"
        " прийде|приїде|прийшло|прийшла|привезуть|доставлять|доставлено|відправили|відправлено|буде|отримаю"
        "|там|чекаю|довго",
        "= що з замовленням",
        "= що із замовленням",
        "= що з моїм замовленням",
        "= що із моїм замовленням",
        "коли|перевірити|дізнатися|дізнатись замовлен*|посилк*",
        "!відстеж*|відслідк*",
    ),
    "needs_person": (
        f"cancel|change|return|modify {_ORDER}|item|date|it",
        "refund|refunds",
        "= money back",
        f"отменить|отмените|изменить|поменять|измените|вернуть|верните {_ZAKAZ}|дату|деньги|товар*",
        "возврат*",
        f"скасувати|скасуйте|змінити|змініть|поміняти|повернути|поверніть {_ZAMOV}|дату|гроші|товар*",
        "повернення",
    ),
    "lead": (
        "= to order a",
        "= to order some",
        "= to order",
        "= new order",
        "place|make order",
        "want|like|interested|can buy|buying|purchase",
        "!quote|quotation|offer",
        "сделать|оформить|новый заказ",
        "хочу|можно|хотел|хотела|хотели заказать|купить|приобрести",
        "!купить|заказать",
        "зробити|оформити|нове замовлення",
        "хочу|можна|хотів|хотіла|хотіли замовити|купити|придбати",
        "!купити|замовити",
    ),
    "hours": (
        "opening|working|business|office hours|times|time",
        "when|what|how|till|until|are you open|close|closed|working",
        "!open|hours|closed",
        "график*|режим*|часы|время|расписание работы|работа",
        "когда|скольки|сегодня|завтра|выходные|вы работаете|открыты|открываетесь|закрываетесь|открыто|закрыто",
        "!работаете|открыты",
        "графік*|режим*|години|час|розклад роботи|робота",
        "коли|котрої|скількох|сьогодні|завтра|вихідні|ви"
        " працюєте|відчинені|відкриті|відкриваєтесь|зачиняєтесь|відчинено",
        "!працюєте|відчинено|відкриті",
    ),
    "faq": (
        "!faq|questions|question",
        "frequently|common asked|questions",
        "!вопрос|вопросы|питання|запитання",
        "= частые вопросы",
        "= часті запитання",
        "= часті питання",
    ),
    "field:address": (
        "address|addres|адрес|адреса|адресу|адреси",
        "!street|улица|улицу|вулиця|вулицю|дом|house|city|город|місто",
    ),
    "field:phone": (
        "phone|telephone|mobile|телефон|телефона|телефону",
        "!number|номер|мобильный|мобільний",
    ),
    "field:name": ("recipient|получатель|получателя|отримувач|отримувача", "!name|имя|фамилия|фамилию|імя|прізвище"),
    "order_mention": (
        "= my order",
        "!order|orders|parcel|package|заказ|заказа|посылка|замовлення|посилка",
        "мой|моего|моему|моем|моим|мои|моя|мою заказ|заказа|заказу|заказе|заказом|заказы|посылк*",
        "мое|мого|моему|моїм|мої|моя|мою замовлен*|посилк*",
    ),
    "no_number": (
        "dont|not|no|forgot|lost know|have|remember|number|it",
        "forgot|lost",
        "= no idea",
        "не|забыл|забыла|потерял|потеряла знаю|помню|номер|номера|найду|могу",
        "= нет номера",
        "не|забув|забула|загубив|загубила знаю|памятаю|номер|номера|знайду|можу",
        "= немає номера",
    ),
    "menu": (
        "!menu|start|help|options|cancel|stop|back|restart|commands",
        "!меню|старт|начать|помощь|помогите|отмена|стоп|назад|сначала|отменить",
        "!почати|допомога|допоможіть|скасувати|відміна|спочатку",
    ),
    "thanks": (
        "!thank|thanks|thankyou|thx|ty|cheers",
        "!спасибо|спасиб|спс|благодар*",
        "!дякую|дякуємо|дяк|дякс|вдячн*",
    ),
    "bye": (
        "!bye|goodbye|farewell",
        "!пока|прощайте",
        "! до свидания|свиданья|завтра|встречи",
        "! всего доброго|хорошего",
        "!бувай|бувайте",
        "! до побачення|зустрічі",
        "! на все добре",
    ),
    "greeting": (
        "!hi|hello|hey|hiya|greetings",
        "! good morning|afternoon|evening|day",
        "!привет|приветствую|здравствуйте|здравствуй|здрасте|салют",
        "! добрый|доброе|доброго день|вечер|утро|дня|времени|утра|вечера",
        "!привіт|вітаю|вітання|здоров|добридень",
        "! добрий|доброго|добрий день|вечір|ранок|ранку|дня|вечора",
    ),
    "ok": (
        "!ok|okay|fine|good|great|nice|cool|perfect|understood|alright|k",
        "!ок|окей|хорошо|ладно|понятно|понял|поняла|ясно|отлично|супер|класс",
        "!добре|гаразд|зрозуміло|зрозумів|зрозуміла|чудово|супер|клас",
    ),
    "yes": ("!yes|yeah|yep|sure|да|ага|конечно|так|авжеж|звісно",),
    "no": ("!no|nope|nothing|нет|ничего|не|ні|нічого",),
}

FILLERS = frozenset(
    words(
        """
        a an the is are am i you me my your it its to for in of on at with and or so very much lot please just there hi
        hello и в на с у я ты вы мы вам вас мне меня мой моя мое мою а но же ли пожалуйста очень большое огромное вам
        всем это і й та в у на з із я ти ви ми вам вас мені мене мій моя моє мою а але ж чи будь ласка дуже щиро велике
        все це за до can could можно можна
        """
    )
)
"""Words that do not count when little else must have been said."""
