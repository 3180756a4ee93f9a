//! What to build: the architecture, the layers that make it, and the values their templates know.
//!
//! Which layers apply is decided here, in one table; what a layer holds is the layer's own business.

use serde_json::{Value, json};

use crate::architecture::Architecture;
use crate::availability::{self, NotYet};
use crate::capacity::capacity;
use crate::questions::{
    Admin, Answer, Answers, Choice, Ci, Compliance, Consumers, DataResidency, Database, License, ModelServing,
    Operations, QUESTIONS, Users, Workload,
};
use crate::recommend::{Axis, Recommendation};
use crate::words;

/// The name of the first AI service.
pub const FIRST_SERVICE: &str = "ai";
/// The name of the Django service.
pub const PLATFORM: &str = "platform";

/// A layer, and why it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerUse {
    pub layer: String,
    /// The service that a layer of services is made for.
    pub service: Option<String>,
    /// Keys of the questions whose answers ask for it; empty where every project has it.
    pub because: Vec<&'static str>,
}

/// Everything that a plan is made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Blueprint {
    pub architecture: Architecture,
    pub layers: Vec<LayerUse>,
    pub values: Value,
}

/// Why the answers cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlueprintError {
    #[error("{architecture} does not carry {}", list(workloads))]
    NotCarried { architecture: Architecture, workloads: Vec<&'static str> },
    #[error("not yet available: {}", answers(missing).join(", "))]
    NotYet { missing: Vec<NotYet> },
}

fn list<S: AsRef<str>>(items: &[S]) -> String {
    let ticked: Vec<_> = items.iter().map(|item| format!("`{}`", item.as_ref())).collect();
    ticked.join(", ")
}

fn answers(missing: &[NotYet]) -> Vec<String> {
    missing
        .iter()
        .map(|NotYet { question, answer, why }| match why {
            Some(why) => format!("`{question} = {answer}` ({why})"),
            None => format!("`{question} = {answer}`"),
        })
        .collect()
}

/// Chooses the layers of an architecture for these answers.
pub fn blueprint(answers: &Answers, recommendation: &Recommendation) -> Result<Blueprint, BlueprintError> {
    let architecture = recommendation.architecture;
    let not_carried = availability::not_carried(answers, architecture);
    if !not_carried.is_empty() {
        return Err(BlueprintError::NotCarried {
            architecture,
            workloads: not_carried.into_iter().map(Choice::key).collect(),
        });
    }
    let missing = availability::not_yet(answers, architecture);
    if !missing.is_empty() {
        return Err(BlueprintError::NotYet { missing });
    }
    Ok(Blueprint { architecture, layers: layers(answers, architecture), values: values(answers, recommendation) })
}

/// The layers of an architecture, in the order of the table.
fn layers(answers: &Answers, architecture: Architecture) -> Vec<LayerUse> {
    let mut layers = Vec::new();
    let mut add = |layer: &str, service: Option<&str>, because: &[&'static str], applies: bool| {
        if applies {
            layers.push(LayerUse {
                layer: layer.to_owned(),
                service: service.map(str::to_owned),
                because: because.to_vec(),
            });
        }
    };
    let asks = |workload| answers.workloads.contains(workload);
    let inference = asks(Workload::InferenceApi);
    let chatbot = asks(Workload::Chatbot);
    let recommendations = asks(Workload::Recommendations);
    // What embeds what it keeps.
    let vectors = chatbot || recommendations;
    let realtime = asks(Workload::RealtimeAnalytics);
    let postgresql = answers.database == Database::Postgresql;
    let kubernetes = answers.operations == Operations::Kubernetes;
    // What runs on a cluster can be tried on one host.
    let containers = kubernetes || answers.operations == Operations::Containers;
    let paas = answers.operations == Operations::Paas;
    let github = answers.ci == Ci::Github;
    let gitlab = answers.ci == Ci::Gitlab;
    let dashboard = asks(Workload::Dashboard);
    let accounts = answers.users != Users::None;
    let organisations = answers.users == Users::Organisations;
    let admin = answers.admin != Admin::None;
    let serves = architecture != Architecture::Monolith;
    let platform = architecture != Architecture::ApiFirst;
    let hybrid = serves && platform;
    let hosted = answers.workloads.has_ai() && answers.model_serving == ModelServing::HostedLlm;
    let own_gpu = answers.workloads.has_ai() && answers.model_serving == ModelServing::OwnGpu;
    let openai = hosted || own_gpu;
    // Jobs are the service's. What they compute is the inference API's, which the role `inference` serves.
    let jobs = architecture == Architecture::ApiFirst
        && answers.workloads.has_ai()
        && answers.model_serving == ModelServing::Batch;
    // Workers are processes beside those that answer, and SQLite serves one.
    let workers = jobs && postgresql;
    let internal = answers.data_residency == DataResidency::InternalOnly;
    // What streams is served on ASGI. Requests have a process of their own where there may be two.
    let streams = platform && !serves && (chatbot || realtime);
    let together = streams && (paas || answers.database == Database::Sqlite);
    let gateway = streams && !together;

    add("base", None, &[], true);
    add("intelligence", None, &[], true);
    add("http-api", None, if serves { &[] } else { &["workloads"] }, serves || answers.workloads.has_ai());
    add("inference", None, if inference { &["workloads"] } else { &["model_serving"] }, inference || jobs);
    add("jobs", None, &["model_serving"], jobs);
    add("load", None, &["workloads"], inference || chatbot || recommendations || realtime);
    // Of several calls the one that is planned for: the first workload's.
    add("load-inference", None, &["workloads"], inference);
    add("load-chat", None, &["workloads"], chatbot && !inference);
    add("load-recommendations", None, &["workloads"], recommendations && !inference && !chatbot);
    add("load-realtime", None, &["workloads"], realtime && !inference && !chatbot && !recommendations);
    add("backend-embedded", None, &["model_serving"], !openai && !jobs);
    add("backend-roles", None, &["model_serving", "data_residency"], jobs && !internal);
    add("backend-roles-internal", None, &["model_serving", "data_residency"], jobs && internal);
    add("openai-client", None, &["model_serving"], openai || jobs);
    add("backend-openai", None, &["model_serving", "data_residency"], openai && !internal);
    add("backend-openai-internal", None, &["model_serving", "data_residency"], openai && internal);
    add("openai", None, &["model_serving"], openai);
    add("openai-hosted", None, &["model_serving"], hosted && !chatbot);
    add("openai-own-gpu", None, &["model_serving"], own_gpu && !chatbot);
    add("openai-hosted-chat", None, &["model_serving", "workloads"], hosted && chatbot);
    add("openai-own-gpu-chat", None, &["model_serving", "workloads"], own_gpu && chatbot);
    add("keeping", None, &["workloads"], vectors);
    add("retrieval", None, &["workloads"], chatbot);
    add("generation", None, &["workloads"], chatbot);
    add("generation-embedded", None, &["model_serving", "workloads"], !openai && chatbot);
    add("generation-openai", None, &["model_serving", "workloads"], openai && chatbot);
    add("chat", None, &["workloads"], chatbot);
    // Streams and jobs both end early; the first of them that is asked for is why.
    let told_to_stop = if chatbot || realtime { &["workloads"] } else { &["model_serving"] };
    add("stopping", None, told_to_stop, chatbot || realtime || jobs);
    add("recommendations", None, &["workloads"], recommendations);
    add("realtime", None, &["workloads"], realtime);
    // What live figures and jobs both need; the first of them that is asked for is why.
    let told_by_redis = if realtime { &["workloads"] } else { &["model_serving"] };
    add("redis", None, told_by_redis, realtime || jobs);
    add("fuzz", None, told_by_redis, realtime || jobs);
    let quotas = answers.consumers == Consumers::Partners && (serves || answers.workloads.has_ai());
    add("quotas", None, &["consumers"], quotas);
    let client = answers.consumers == Consumers::SpaMobile && (serves || answers.workloads.has_ai());
    add("client-typescript", None, &["consumers"], client);
    add("client-typescript-streams", None, &["consumers", "workloads"], client && (chatbot || realtime));
    let service = if serves { Some(FIRST_SERVICE) } else { Some(PLATFORM) };
    add("openai-inference", service, &["model_serving", "workloads"], openai && inference);
    add("openai-chat", service, &["model_serving", "workloads"], openai && chatbot);
    add("one-database", service, &[], !hybrid);
    add("usage-charts", None, &["workloads"], dashboard);
    add("usage-charts-inference", None, &["workloads"], dashboard && inference);
    add("usage-charts-chat", None, &["workloads"], dashboard && chatbot);
    add("usage-charts-recommendations", None, &["workloads"], dashboard && recommendations);
    add("usage-charts-realtime", None, &["workloads"], dashboard && realtime);
    if serves {
        add("service", service, &[], true);
        let inference_for = if inference { &["workloads"] } else { &["model_serving"] };
        add("inference-api", service, inference_for, inference || jobs);
        add("service-jobs", service, &["model_serving"], jobs);
        add("service-vectors", service, &["workloads"], vectors);
        add("service-documents", service, &["workloads"], chatbot);
        add("service-streams", service, &["workloads"], chatbot || realtime);
        add("service-chat", service, &["workloads"], chatbot);
        add("service-accounts", service, &["users"], !hybrid && accounts);
        let tenants = !hybrid && organisations;
        add("library-shared", service, &["workloads", "users"], chatbot && !tenants);
        add("library-owned", service, &["workloads", "users"], chatbot && tenants);
        add("service-organisations", service, &["users"], tenants);
        add("organisations-inference", service, &["users", "workloads"], tenants && inference);
        add("organisations-chat", service, &["users", "workloads"], tenants && chatbot);
        add("organisations-recommendations", service, &["users", "workloads"], tenants && recommendations);
        add("organisations-realtime", service, &["users", "workloads"], tenants && realtime);
        add("organisations-quotas", service, &["users", "consumers"], tenants && quotas);
        add("organisations-jobs", service, &["users", "model_serving"], tenants && jobs);
        add("service-recommendations", service, &["workloads"], recommendations);
        add("service-realtime", service, &["workloads"], realtime);
        add("key-cache", service, &["compliance"], answers.compliance != Compliance::Strict);
        add("key-lookup", service, &["compliance"], answers.compliance == Compliance::Strict);
        add("service-platform-key", service, &[], hybrid);
        add("service-quotas", service, &["consumers"], quotas);
        add("cors", service, &["consumers"], answers.consumers == Consumers::SpaMobile);
        // In a hybrid the platform is where staff works.
        let staff = !hybrid;
        let staffed = staff && (answers.admin == Admin::Basic || dashboard);
        add("service-admin", service, &["admin", "workloads"], staffed);
        add("service-dashboard", service, &["workloads"], staff && dashboard);
        let audited = !hybrid && answers.compliance != Compliance::None;
        add("audit", service, &["compliance"], audited);
        add("audit-accounts", service, &["compliance", "users"], audited && accounts);
        add("audit-organisations", service, &["compliance", "users"], audited && tenants);
        add("audit-quotas", service, &["compliance", "consumers"], audited && quotas);
        add("audit-chat", service, &["compliance", "workloads"], audited && chatbot);
        add("audit-recommendations", service, &["compliance", "workloads"], audited && recommendations);
        add("audit-admin", service, &["compliance", "admin", "workloads"], audited && staffed);
        add("admin-accounts", service, &["admin", "users", "workloads"], staffed && accounts);
        let strict = answers.compliance == Compliance::Strict;
        add("session-claims", service, &["users", "compliance"], !hybrid && accounts && !strict);
        add("session-lookup", service, &["users", "compliance"], !hybrid && accounts && strict);
        add("personal-data", service, &["compliance"], !hybrid && strict);
        add("organisations-personal-data", service, &["users", "compliance"], tenants && strict);
        add("database-postgresql", service, &["database"], postgresql);
        add("containers-service", service, &["operations"], containers);
        add("kubernetes-alembic", service, &["operations"], kubernetes);
        add("kubernetes-mail", service, &["operations", "users"], kubernetes && !hybrid && accounts);
        add("kubernetes-oidc", service, &["operations", "users"], kubernetes && tenants);
        add("operations-paas", service, &["operations"], paas);
        let for_jobs = &["operations", "model_serving", "database"];
        add("containers-jobs", service, for_jobs, workers && containers);
        add("kubernetes-jobs", service, for_jobs, workers && kubernetes);
        add("paas-jobs", service, for_jobs, workers && paas);
        add("ci-github-redis", None, &["ci", "model_serving", "database"], workers && github);
        add("ci-gitlab-redis", None, &["ci", "model_serving", "database"], workers && gitlab);
    }
    if platform {
        add("platform", None, &[], true);
        add("platform-ai", None, &[], true);
        add("platform-keys", None, &[], !hybrid);
        add("platform-wsgi", None, &[], !together);
        add("platform-requests", None, &[], !streams);
        add("platform-asgi", None, &["workloads"], streams);
        add("platform-asgi-http", None, &["workloads"], streams && !realtime);
        add("platform-asgi-alone", None, &["workloads", "operations", "database"], together);
        add("platform-api", None, &["workloads"], !hybrid && answers.workloads.has_ai());
        add("platform-blocking", None, &["workloads"], !hybrid && (inference || recommendations));
        add("platform-inference-api", None, &["workloads"], !hybrid && inference);
        add("platform-vectors", None, &["workloads"], !hybrid && vectors);
        add("platform-documents", None, &["workloads"], !hybrid && chatbot);
        add("platform-chat", None, &["workloads"], !hybrid && chatbot);
        add("platform-recommendations", None, &["workloads"], !hybrid && recommendations);
        add("platform-realtime", None, &["workloads"], !hybrid && realtime);
        add("platform-quotas", None, &["consumers"], !hybrid && quotas);
        add("platform-ai-client", None, &[], hybrid);
        add("platform-postgresql", None, &["database"], postgresql);
        add("platform-users-simple", None, &["users"], accounts);
        add("platform-staff-login", None, &["users"], hybrid && !accounts);
        add("platform-admin", None, &["admin"], admin);
        add("platform-admin-keys", None, &["admin"], admin && !hybrid);
        add("platform-admin-usage", None, &["admin"], admin && hybrid);
        add("platform-admin-basic", None, &["admin"], answers.admin == Admin::Basic);
        add("platform-admin-heavy", None, &["admin"], answers.admin == Admin::Heavy);
        add("platform-admin-operators", None, &["admin"], answers.admin == Admin::Heavy && !hybrid);
        add("platform-admin-login", None, &["admin", "users"], admin && accounts);
        add("platform-admin-limit", None, &["admin", "users"], admin && !accounts);
        add("platform-dashboard", None, &["workloads"], dashboard);
        add("platform-dashboard-keys", None, &["workloads"], dashboard && !hybrid);
        add("platform-dashboard-users", None, &["workloads"], dashboard && hybrid);
        add("containers-platform", None, &["operations"], containers);
        add("containers-platform-port", None, &["operations"], containers && !hybrid && !gateway);
        add("containers-gateway", None, &["operations", "workloads", "database"], containers && gateway);
        let by_paths = &["operations", "workloads", "database"];
        add("containers-gateway-chat", None, by_paths, containers && gateway && chatbot);
        add("containers-gateway-realtime", None, by_paths, containers && gateway && realtime);
        let asgi = kubernetes && gateway;
        add("kubernetes-gateway", Some(PLATFORM), &["operations", "workloads"], asgi);
        add("kubernetes-gateway-chat", Some(PLATFORM), by_paths, asgi && chatbot && !realtime);
        add("kubernetes-gateway-realtime", Some(PLATFORM), by_paths, asgi && realtime && !chatbot);
        add("kubernetes-gateway-chat-realtime", Some(PLATFORM), by_paths, asgi && chatbot && realtime);
        add("kubernetes-django", Some(PLATFORM), &["operations"], kubernetes);
        add("kubernetes-mail", Some(PLATFORM), &["operations", "users"], kubernetes && accounts);
        add("platform-paas", None, &["operations"], paas && !streams);
        add("platform-paas-asgi", None, &["operations", "workloads"], paas && streams);
    }
    let sqlite = answers.database == Database::Sqlite;
    let by_database = &["operations", "database"];
    let with_vectors = &["operations", "database", "workloads"];
    add("operations-containers", service, &["operations"], containers);
    add("containers-postgresql", service, by_database, !hybrid && containers && postgresql && !vectors);
    add("containers-pgvector", service, with_vectors, !hybrid && containers && postgresql && vectors);
    add("containers-sqlite", service, by_database, !hybrid && containers && sqlite);
    add("hybrid-containers", None, &["operations"], hybrid && containers);
    add("hybrid-postgresql", None, by_database, hybrid && containers && postgresql);
    add("hybrid-sqlite", None, by_database, hybrid && containers && sqlite);
    add("operations-kubernetes", service, &["operations"], kubernetes);
    add("kubernetes-service", service, &["operations"], kubernetes);
    add("kubernetes-openai", service, &["operations", "model_serving"], kubernetes && openai);
    let pods_tell: &[_] =
        if realtime { &["operations", "workloads"] } else { &["operations", "model_serving", "database"] };
    add("kubernetes-redis", service, pods_tell, kubernetes && (realtime || workers));
    add("ci-github", service, &["ci"], github);
    add("ci-github-postgresql", service, &["ci", "database"], github && postgresql && !vectors);
    add("ci-github-pgvector", service, &["ci", "database", "workloads"], github && postgresql && vectors);
    add("ci-github-kubernetes", None, &["ci", "operations"], github && kubernetes);
    add("ci-github-client", None, &["ci", "consumers"], github && client);
    add("ci-gitlab-client", None, &["ci", "consumers"], gitlab && client);
    add("ci-gitlab", None, &["ci"], gitlab);
    add("ci-gitlab-postgresql", None, &["ci", "database"], gitlab && postgresql && !vectors);
    add("ci-gitlab-pgvector", None, &["ci", "database", "workloads"], gitlab && postgresql && vectors);
    add("ci-gitlab-kubernetes", None, &["ci", "operations"], gitlab && kubernetes);
    let license = match answers.license {
        License::Mit => "license-mit",
        License::Apache2 => "license-apache-2.0",
        License::Proprietary => "license-proprietary",
    };
    add(license, None, &["license"], true);
    layers
}

/// The values that templates know, besides slots, `service` and `versions`.
fn values(answers: &Answers, recommendation: &Recommendation) -> Value {
    let known = answers.known();
    let given: serde_json::Map<_, _> = QUESTIONS
        .iter()
        .map(|question| {
            let text = answers.get(question.key);
            let value = match question.at_most {
                Some(_) => Value::from(text.split(',').collect::<Vec<_>>()),
                None => Value::from(text),
            };
            (question.key.to_owned(), value)
        })
        .collect();
    let not_yet: Vec<_> = availability::partly(answers, recommendation.architecture)
        .into_iter()
        .map(|partly| json!({"answer": format!("{} = {}", partly.question, partly.answer), "text": partly.missing}))
        .collect();
    let asked: Vec<_> = QUESTIONS
        .iter()
        .filter(|question| (question.applies)(&known) && !["name", "description"].contains(&question.key))
        .map(|question| {
            json!({
                "question": question.key,
                "answer": words::answer(answers, question.key),
                "origin": if answers.assumed.contains(question.key) { "assumed" } else { "given" },
            })
        })
        .collect();
    let capacity = capacity(answers, recommendation.architecture);
    let mut capacity_value = serde_json::to_value(&capacity).unwrap_or_default();
    capacity_value["cores"] = capacity.cores().into();
    json!({
        "name": answers.name.show(),
        "description": answers.description.show(),
        "architecture": recommendation.architecture.key(),
        "answers": given,
        "not_yet": not_yet,
        "decision": decision(answers, recommendation, &asked),
        "capacity": capacity_value,
    })
}

/// The values of the decision record.
fn decision(answers: &Answers, recommendation: &Recommendation, asked: &[Value]) -> Value {
    let reasons = |axis: Axis| -> Vec<Value> {
        recommendation
            .reasons
            .iter()
            .filter(|reason| reason.axis == axis)
            .map(|reason| {
                json!({
                    "points": reason.points,
                    "question": reason.question,
                    "answer": reason.answer,
                    "clauses": reason.clauses.join(", "),
                })
            })
            .collect()
    };
    let options: Vec<_> = words::options(recommendation)
        .into_iter()
        .map(|(architecture, standing)| {
            json!({"name": architecture.key(), "means": architecture.means(), "standing": standing})
        })
        .collect();
    let rules: Vec<_> = recommendation
        .rules
        .iter()
        .map(|fired| {
            format!(
                "{:?} ({}): from {} to {}, because {}.",
                fired.id,
                fired.clauses.join(", "),
                fired.from,
                fired.to,
                fired.says()
            )
        })
        .collect();
    let flips: Vec<_> = recommendation
        .flips
        .iter()
        .map(|flip| {
            let assumed = if flip.assumed { " (assumed now)" } else { "" };
            format!("`{} {}`{assumed} would give {}.", flip.question, flip.change, flip.architecture)
        })
        .collect();
    json!({
        "sentence": words::because(recommendation.architecture),
        "reasoning": words::sentence(recommendation),
        "means": recommendation.architecture.means(),
        "override_reason": if recommendation.overridden() { answers.architecture_reason.show() } else { String::new() },
        "business": recommendation.axes.business,
        "ai": recommendation.axes.ai,
        "threshold": crate::recommend::THRESHOLD,
        "clarity": format!("{} ({:.2})", recommendation.clarity.label, recommendation.clarity.score),
        "answers": asked,
        "options": options,
        "business_reasons": reasons(Axis::Business),
        "ai_reasons": reasons(Axis::Ai),
        "rules": rules,
        "contradictions": words::contradictions(recommendation),
        "flips": flips,
        "consequences": words::consequences(recommendation.architecture),
        "reopened_by": words::reopened_by(recommendation),
    })
}
