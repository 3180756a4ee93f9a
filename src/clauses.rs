//! The article's clauses, in our words: what a cited id means. Ids are stable and never renumbered.

/// One clause: its id, and what it says.
pub struct Clause {
    pub id: &'static str,
    pub says: &'static str,
}

/// Where the advice comes from.
pub const SOURCE: &str =
    "\"Django vs FastAPI: Which Framework Is Better for AI Applications?\", Brainstream Technolabs";

/// The clause of an id, in either case.
pub fn clause(id: &str) -> Option<&'static Clause> {
    CLAUSES.iter().find(|clause| clause.id.eq_ignore_ascii_case(id))
}

macro_rules! clauses {
    ($($id:ident: $says:literal,)+) => {
        /// Every clause, in the order of the article.
        pub static CLAUSES: &[Clause] = &[$(Clause { id: stringify!($id), says: $says }),+];
    };
}

clauses! {
    W1: "AI applications process large data sets, real-time requests, machine-learning models and API-based workflows, so the back end bounds scalability and user experience.",
    W2: "The wrong framework costs slow responses, infrastructure bottlenecks, higher running cost and limited scalability.",
    W3: "Choose from the project's requirements.",
    Q1: "Performance: Django moderate, FastAPI very high.",
    Q2: "API speed: Django good, FastAPI excellent.",
    Q3: "Async support: Django limited, FastAPI built in.",
    Q4: "Development speed: both fast.",
    Q5: "Built-in features: Django extensive, FastAPI minimal.",
    Q6: "Learning curve: Django beginner-friendly, FastAPI moderate.",
    Q7: "Best for: Django full-stack apps, FastAPI AI APIs and microservices.",
    Q8: "Scalability: Django strong, FastAPI excellent.",
    Q9: "Real-time processing: Django limited, FastAPI excellent.",
    D1: "Django develops rapidly: dashboards, authentication, admin panels and database models come built in.",
    D2: "Django protects against SQL injection, CSRF and cross-site scripting; enterprises trust it.",
    D3: "Django's ORM carries queries, modelling and relationships; PostgreSQL, MySQL and others plug in.",
    D4: "Django is best for enterprise AI platforms, AI dashboards, CRM systems, data-heavy applications, admin-focused AI tools.",
    D5: "Django's limit: slower APIs; it may struggle with real-time AI processing, many concurrent requests, async workloads.",
    D6: "Django's limit: monolithic by tradition, which costs flexibility.",
    D7: "Django is easier for beginners: more built-in tools, structured patterns.",
    D8: "Django supports machine-learning integration and suits data-heavy enterprise applications.",
    F1: "FastAPI is very fast: ASGI, async processing, modern Python.",
    F2: "FastAPI is built for APIs: REST development, model deployment, real-time processing, automatic API documentation.",
    F3: "FastAPI's async handles many simultaneous requests: AI chatbots, recommendation engines, real-time analytics, AI inference systems.",
    F4: "FastAPI is light: it scales well, deploys fast, uses infrastructure efficiently; startups like it, and it fits cloud-native AI architectures.",
    F5: "FastAPI's limit: few built-in features; authentication, admin panels and database libraries have to be added.",
    F6: "FastAPI's limit: a smaller ecosystem than Django's.",
    S1: "Startups put speed, scalability and cost first: FastAPI is often preferred.",
    S2: "Except: a startup that builds an admin-heavy platform may gain from Django's built-in tools.",
    E1: "Enterprises need security, complex workflows, user management and long-term maintainability: Django does well.",
    E2: "Many enterprises combine: Django for business systems, FastAPI for AI services. The hybrid gains scalability and flexibility.",
    P1: "Use FastAPI for AI APIs: inference, real-time processing, API scalability.",
    P2: "Use Django for full business platforms: enterprise systems, AI admin dashboards, data management.",
    P3: "Combine both when needed: Django for core business operations, FastAPI for AI microservices.",
    M1: "Mistake: choosing on popularity. A trend is no requirement.",
    M2: "Mistake: ignoring scalability. AI systems often grow fast, so infrastructure and scalability are planned early.",
    M3: "Mistake: a monolith for a large AI system. Microservices, API-first architecture and containerised deployment serve it better.",
}
