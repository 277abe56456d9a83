"""Texts for posters: headlines, subtitles and small lines, Latin and CJK, all covered by the bundled fonts."""

HEADLINES = (
    "SUMMER SALE", "Big Adventure", "NEW MENU", "Hello World", "Night Market", "JAZZ NIGHT", "Garden Party",
    "WINTER CAMP", "Open Studio", "BOOK FAIR", "Street Food", "Happy Birthday", "MOVIE WEEK", "Bike Day",
    "Space Club", "COFFEE TIME", "Kids Festival", "FLEA MARKET", "Green City", "Road Trip", "Story Hour",
    "SUPER DEAL", "Spring Fair", "Art for All", "GRAND OPENING", "Picnic Day", "Lucky Draw", "FUN RUN",
)  # fmt: skip
SUBTITLES = (
    "Up to 50% off", "Saturday 7 pm", "fresh every day", "open source art", "Free entry for everyone",
    "12-14 June, City Hall", "Bring your friends", "Live music & snacks", "from 9 to 5", "Doors open at 18:00",
    "Made with love", "Only this weekend", "Learn, play, explore", "Join us in the park", "Tickets $12",
    "all proceeds to charity", "Sunday, 3 May 2026", "buy one, get one free",
)  # fmt: skip
SMALL_LINES = (
    "Room 204", "www.example.org", "Limited offer", "No. 17", "since 1998", "more info inside", "Vol. 3",
    "Main Street 42", "RSVP by Friday", "all ages", "rain or shine", "call 555 0134",
)  # fmt: skip
CJK_HEADLINES = (
    "夏日大促", "新品上市", "春日花市", "周末音乐会", "美食节", "生日快乐", "开学季", "夜市开放", "夏祭り", "本の市",
)  # fmt: skip
CJK_SUBTITLES = (
    "全场五折", "每天新鲜", "欢迎光临", "周六下午三点", "免费入场", "限时优惠", "一起去公园", "土曜日の夜",
)  # fmt: skip
