//! The passwords that are tried first, for sites without a filter of breached ones.

/// Whether this is one of the commonest, also with other case or with signs and digits behind.
pub(super) fn contains(password: &str) -> bool {
    let lower = password.to_lowercase();
    let stem = lower.trim_end_matches(|sign: char| sign.is_ascii_digit() || sign.is_ascii_punctuation());
    let doubled = |text: &str| {
        let (first, second) = text.split_at_checked(text.len() / 2).unwrap_or_default();
        first == second && COMMON.contains(&first)
    };
    COMMON.contains(&lower.as_str()) || COMMON.contains(&stem) || doubled(&lower)
}

/// In lower case.
#[rustfmt::skip] // A list is read by the line, not by the word.
const COMMON: &[&str] = &[
    "123456", "1234567", "12345678", "123456789", "1234567890", "12345", "123123", "123123123", "111111",
    "11111111", "000000", "00000000", "654321", "987654321", "87654321", "0987654321", "112233", "11223344",
    "1122334455", "123321", "121212", "101010", "666666", "777777", "888888", "88888888", "999999",
    "555555", "222222", "159753", "147258369", "147258", "741852963", "123654", "789456123", "789456",
    "456123", "102030", "131313", "696969", "232323", "11235813", "31415926", "12344321", "123qwe",
    "1q2w3e", "1q2w3e4r", "1q2w3e4r5t", "1qaz2wsx", "1qaz2wsx3edc", "zaq12wsx", "qazwsx", "qazwsxedc",
    "q1w2e3", "q1w2e3r4", "q1w2e3r4t5", "123qweasd", "qwe123", "qweasd", "qweasdzxc", "asd123", "zxc123",
    "abc123", "abcd1234", "abcdef", "abcdefg", "abcdefgh", "a1b2c3", "a1b2c3d4", "aa123456", "a123456",
    "a12345678", "qwerty", "qwertyuiop", "qwertyui", "qwerty1234567890", "qwertz", "qwertzuiop", "azerty",
    "azertyuiop", "asdfgh", "asdfghjkl", "asdf", "asdfasdf", "zxcvbn", "zxcvbnm", "password", "passwort",
    "passw0rd", "p@ssw0rd", "p@ssword", "pa55word", "pa$$word", "motdepasse", "contraseña", "contrasena",
    "senha", "parola", "wachtwoord", "heslo", "haslo", "salasana", "lösenord", "losenord", "passord",
    "adgangskode", "jelszo", "sifre", "mima", "mimamima", "parol", "password1", "letmein", "letmeinnow",
    "welcome", "welcomehome", "willkommen", "bienvenue", "bienvenido", "benvenuto", "admin",
    "administrator", "adminadmin", "root", "toor", "rootroot", "user", "guest", "test", "testtest",
    "tester", "testing", "demo", "default", "changeme", "changeit", "change_me", "secret", "topsecret",
    "geheim", "master", "superuser", "sysadmin", "login", "access", "server", "oracle", "mysql", "postgres",
    "cisco", "ubnt", "raspberry", "vagrant", "tomcat", "manager", "operator", "support", "service",
    "public", "iloveyou", "iloveu", "ichliebedich", "jetaime", "teamo", "tequiero", "tiamo", "loveyou",
    "lovely", "loveme", "love", "babygirl", "princess", "prinzessin", "princesse", "princesa", "sunshine",
    "sonnenschein", "soleil", "moonlight", "starlight", "butterfly", "schmetterling", "flower", "flowers",
    "rainbow", "angel", "angels", "dragon", "drache", "monkey", "affe", "tiger", "lion", "panther", "eagle",
    "falcon", "phoenix", "shadow", "ghost", "ninja", "samurai", "warrior", "knight", "wizard", "merlin",
    "football", "fussball", "futbol", "baseball", "basketball", "hockey", "soccer", "tennis", "golf",
    "swimming", "cricket", "liverpool", "arsenal", "chelsea", "barcelona", "realmadrid", "juventus",
    "bayern", "manchester", "manutd", "everton", "celtic", "rangers", "yankees", "cowboys", "steelers",
    "lakers", "dodgers", "packers", "superman", "batman", "spiderman", "ironman", "starwars", "startrek",
    "pokemon", "pikachu", "naruto", "matrix", "gandalf", "frodo", "hobbit", "hogwarts", "harrypotter",
    "voldemort", "jamesbond", "minecraft", "fortnite", "warcraft", "playstation", "nintendo", "xbox",
    "zelda", "mario", "sonic", "michael", "michelle", "jessica", "jennifer", "daniel", "thomas", "andrew",
    "joshua", "matthew", "ashley", "nicole", "amanda", "charlie", "jordan", "hunter", "taylor", "robert",
    "george", "william", "richard", "david", "joseph", "anthony", "samantha", "elizabeth", "stephanie",
    "melissa", "rebecca", "sabrina", "patrick", "alexander", "alexandra", "christian", "christina",
    "sebastian", "florian", "stefan", "andreas", "martin", "markus", "julia", "laura", "sarah", "anna",
    "maria", "sophie", "marie", "pierre", "camille", "julien", "nicolas", "antoine", "carlos", "antonio",
    "alejandro", "fernando", "roberto", "ricardo", "eduardo", "gabriel", "rafael", "isabella", "mohammed",
    "ahmed", "mustafa", "fatima", "ali", "hassan", "ivan", "natasha", "olga", "svetlana", "dmitri",
    "vladimir", "sergey", "wang", "zhang", "computer", "internet", "google", "facebook", "twitter",
    "instagram", "youtube", "microsoft", "windows", "apple", "iphone", "samsung", "android", "linux",
    "ubuntu", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "january",
    "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december", "spring", "summer", "autumn", "winter", "frühling", "sommer", "herbst", "hiver", "ete",
    "verano", "invierno", "london", "paris", "berlin", "madrid", "rome", "roma", "newyork", "chicago",
    "boston", "dallas", "texas", "california", "florida", "america", "england", "germany", "deutschland",
    "france", "espana", "italia", "brasil", "argentina", "mexico", "canada", "australia", "japan", "china",
    "india", "russia", "polska", "hamburg", "muenchen", "münchen", "cheese", "chocolate", "cookie",
    "cookies", "banana", "apples", "orange", "pepper", "ginger", "coffee", "whiskey", "vodka", "pizza",
    "hamburger", "mustang", "ferrari", "porsche", "mercedes", "corvette", "harley", "yamaha", "honda",
    "toyota", "bmw", "audi", "freedom", "liberty", "whatever", "nothing", "anything", "everything",
    "forever", "hello", "hellohello", "hallo", "bonjour", "hola", "ciao", "goodbye", "thankyou", "trustno1",
    "trustme", "blink182", "metallica", "nirvana", "slipknot", "eminem", "rockstar", "hunter2", "ncc1701",
    "thx1138", "fuckyou", "fuckoff", "asshole", "bitch", "pussy", "sexy", "sexsex", "killer", "hacker",
    "hacked", "correcthorsebatterystaple", "correct-horse-battery-staple",
];
