#include "addon/member.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "addon/deferred.h"
#include "addon/ending.h"
#include "addon/environment.h"
#include "addon/errors.h"
#include "addon/launch.h"
#include "addon/prepared_start.h"
#include "addon/process.h"
#include "addon/supplies.h"
#include "addon/values.h"
#include "base/clock.h"
#include "pool/waiting_container.h"

namespace orlop::addon {
namespace {

using launch::Member;
using launch::MemberResult;

struct Handle {
  std::shared_ptr<Member> member;
  std::shared_ptr<launch::Process> process;  // the orlop-init that was launched for it, from memberReady on
};

// Marks our objects, so that a foreign one is refused and not taken for a pointer.
constexpr napi_type_tag kMemberTag = {0x6f726c6f702d6d65, 0x6d62657200000001};

// An object that nobody has any more has a member that nobody will ask.
void drop_handle(napi_env, void* data, void*) {
  const std::unique_ptr<Handle> handle(static_cast<Handle*>(data));
  handle->member->close();
}

// Null with a pending TypeError when `value` is not one of ours.
Handle* member_of(const Napi::CallbackInfo& info) {
  void* data = nullptr;
  if (info[0].IsObject() && info[0].As<Napi::Object>().CheckTypeTag(&kMemberTag)) {
    napi_unwrap(info.Env(), info[0], &data);
  }
  if (data != nullptr) return static_cast<Handle*>(data);
  Napi::TypeError::New(info.Env(), "not a member of this addon").ThrowAsJavaScriptException();
  return nullptr;
}

Napi::Value refuse(Napi::Env env, const std::string& message) {
  Napi::TypeError::New(env, message).ThrowAsJavaScriptException();
  return env.Undefined();
}

Napi::Value throw_failure(Napi::Env env, const Failure& failure) {
  system_error(env, failure).ThrowAsJavaScriptException();
  return env.Undefined();
}

Napi::Value open_member(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const SharedPreparedStart prepared = prepared_start_of(info[0]);
  if (prepared == nullptr || !info[1].IsObject()) return refuse(env, "not a prepared start of this addon");
  const auto options = info[1].As<Napi::Object>();
  launch::MemberOrder order;
  Texts values;
  if (const std::string wrong = fill_plan(*prepared, options, values, order.plan); !wrong.empty()) {
    return refuse(env, wrong);
  }
  order.features = prepared->features;
  order.paths = as_text(value_at(options, "paths")).value_or("");
  std::shared_ptr<Member> member;
  if (const Failure failure = Member::create(member)) return throw_failure(env, failure);
  member->prepare(std::move(order));
  Napi::Object object = Napi::Object::New(env);
  object.TypeTag(&kMemberTag);
  auto handle = std::make_unique<Handle>(Handle{.member = member, .process = nullptr});
  if (napi_wrap(env, object, handle.get(), drop_handle, nullptr, nullptr) == napi_ok) (void)handle.release();
  Napi::Object result = Napi::Object::New(env);
  result.Set("member", object);
  result.Set("descriptor", Napi::Number::New(env, member->other_end()));
  return result;
}

// What JavaScript is told of an order.
struct Answering {
  explicit Answering(Napi::Env env) : environment(Environment::of(env)), deferred(env) {}

  std::shared_ptr<Environment> environment;  // held
  Deferred deferred;
  Followed followed;
  std::weak_ptr<Ending> ending;  // it may hold this
  std::shared_ptr<launch::Process> process;
  MemberResult result;
};

Napi::Object answer_object(Napi::Env env, Answering& answering) {
  MemberResult& result = answering.result;
  Napi::Object object = Napi::Object::New(env);
  const bool refused = result.outcome == MemberResult::Outcome::kRefused;
  // Nobody reads what no application writes.
  if (result.outcome != MemberResult::Outcome::kDone) result.pipes.clear();
  object.Set("failure", refused ? Napi::Value(failure_object(env, result.report)) : env.Null());
  object.Set("gone", Napi::Boolean::New(env, result.outcome == MemberResult::Outcome::kGone));
  object.Set("times", times_object(env, {result.called, result.sent, result.entered, result.finished}, result.times));
  object.Set("pipes", give_pipes(env, *answering.environment, result.pipes));
  return object;
}

// JS.
void settle(Napi::Env env, Answering& answering) {
  const bool done = answering.result.outcome == MemberResult::Outcome::kDone;
  const SharedEnding ending = done ? answering.ending.lock() : nullptr;
  if (ending == nullptr) answering.environment->release(env);
  if (answering.result.outcome == MemberResult::Outcome::kFailed) {
    answering.deferred.reject(system_error(env, answering.result.failure).Value());
    return;
  }
  Napi::Object object = answer_object(env, answering);
  if (ending != nullptr) ending->deferred.emplace(env);
  object.Set("ended", ending != nullptr ? ending->deferred->promise() : env.Null());
  answering.deferred.resolve(object);
}

// What settles the promise with the result of an order. It keeps the event loop alive until then.
Member::Done answer_with(Napi::Env env, const std::shared_ptr<Answering>& answering) {
  answering->environment->hold(env);
  answering->ending = answering->followed.ending;
  return [answering](MemberResult result) {
    const Followed followed = std::move(answering->followed);
    const bool done = result.outcome == MemberResult::Outcome::kDone;
    answering->result = std::move(result);
    const auto tell = [answering](Napi::Env later) { settle(later, *answering); };
    if (done && followed.ending != nullptr) {
      follow_start(followed, answering->process, answering->result.pipes, tell);
    } else {
      answering->environment->post(tell);
    }
  };
}

Napi::Value member_ready(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Handle* const handle = member_of(info);
  if (handle == nullptr) return env.Undefined();
  handle->process = process_of(env, info[1]);
  if (handle->process == nullptr) return env.Undefined();
  const auto answering = std::make_shared<Answering>(env);
  handle->member->on_ready(answer_with(env, answering));
  handle->process->on_exit([member = handle->member](const Exit&) { member->ended(); });
  return answering->deferred.promise();
}

// The order, and how JavaScript hears of what came of it. Undefined, or the error to reject with.
Napi::Value read_request(Napi::Env env, const SharedPreparedStart& prepared, const Napi::Object& options,
                         launch::MemberOrder& order, Answering& answering) {
  const auto error_of = [env](const std::string& message) { return Napi::TypeError::New(env, message).Value(); };
  Texts values;
  if (const std::string wrong = fill_plan(*prepared, options, values, order.plan); !wrong.empty()) {
    return error_of(wrong);
  }
  const Napi::Value descriptors = value_at(options, "descriptors");
  if (!descriptors.IsArray()) return error_of("descriptors is an array");
  if (Failure failure = read_supplies(descriptors.As<Napi::Array>(), order.supplies)) {
    return system_error(env, failure).Value();
  }
  // The last slot is for the member's mount namespace, which JavaScript does not have.
  if (order.supplies.size() + 1 != prepared->plan.supplied()) {
    return error_of("one descriptor for each supplied slot but the last");
  }
  order.features = prepared->features;
  Followed& followed = answering.followed;
  followed.outputs = outputs_of(order.supplies);
  if (const std::string wrong = read_follow(value_at(options, "follow"), answering.environment, followed);
      !wrong.empty()) {
    return error_of(wrong);
  }
  followed.fill = [prepared, values = std::move(values)](Ending& ending) {
    prepared->ended.fill(values, ending.changes);
    prepared->later.fill(values, ending.later);
  };
  const Failure failure = prepare_to_follow(!prepared->later.empty());
  return failure ? system_error(env, failure).Value() : env.Undefined();
}

Napi::Value become_application(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const uint64_t called = monotonic_ns();
  Handle* const handle = member_of(info);
  if (handle == nullptr) return env.Undefined();
  const SharedPreparedStart prepared = prepared_start_of(info[1]);
  if (prepared == nullptr || !info[2].IsObject()) return refuse(env, "not a prepared start of this addon");
  launch::MemberOrder order;
  const auto answering = std::make_shared<Answering>(env);
  answering->process = handle->process;
  const Napi::Value wrong = read_request(env, prepared, info[2].As<Napi::Object>(), order, *answering);
  if (!wrong.IsUndefined()) return answering->deferred.rejected(wrong);
  const bool waits = handle->member->become(std::move(order), called);
  Member::Done done = answer_with(env, answering);
  if (waits) {
    handle->member->on_become(std::move(done));
  } else {
    MemberResult gone;
    gone.called = called;
    done(std::move(gone));
  }
  return answering->deferred.promise();
}

// Without a hold on the event loop: a pool that waits does not keep its program from ending.
Napi::Value member_over(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Handle* const handle = member_of(info);
  if (handle == nullptr) return env.Undefined();
  const auto environment = Environment::of(env);
  const Deferred deferred(env);
  handle->member->on_over([environment, deferred] {
    environment->post([deferred](Napi::Env later) { deferred.resolve(later.Undefined()); });
  });
  return deferred.promise();
}

Napi::Value close_member(const Napi::CallbackInfo& info) {
  Handle* const handle = member_of(info);
  if (handle != nullptr) handle->member->close();
  return info.Env().Undefined();
}

}  // namespace

void add_member_functions(Napi::Env env, Napi::Object exports) {
  exports.Set("openMember", Napi::Function::New(env, open_member, "openMember"));
  exports.Set("memberReady", Napi::Function::New(env, member_ready, "memberReady"));
  exports.Set("becomeApplication", Napi::Function::New(env, become_application, "becomeApplication"));
  exports.Set("memberOver", Napi::Function::New(env, member_over, "memberOver"));
  exports.Set("closeMember", Napi::Function::New(env, close_member, "closeMember"));
}

}  // namespace orlop::addon
