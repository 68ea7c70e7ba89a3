#include "addon/member.h"

#include <signal.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "addon/deferred.h"
#include "addon/ending.h"
#include "addon/environment.h"
#include "addon/errors.h"
#include "addon/launch.h"
#include "addon/process.h"
#include "addon/supplies.h"
#include "addon/values.h"
#include "base/clock.h"
#include "launch/member.h"

namespace orlop::addon {
namespace {

using launch::Member;
using launch::MemberResult;

struct Handle {
  std::shared_ptr<Member> member;
  std::shared_ptr<launch::Process> process;  // the orlop-init that was launched for it, from memberReady on
  // Of its application's streams, once they are known: how many there are, and of the pipes, whether it writes to them.
  size_t supplied = 0;
  std::optional<std::vector<bool>> outputs;
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

uint32_t features_of(const Napi::Value& value) { return static_cast<uint32_t>(as_number(value).value_or(0)); }

Napi::Value open_member(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  std::vector<uint8_t> plan;
  if (const std::string wrong = read_plan(info[0], plan); !wrong.empty()) return refuse(env, wrong);
  std::shared_ptr<Member> member;
  if (const Failure failure = Member::create(member)) return throw_failure(env, failure);
  member->prepare({.plan = std::move(plan),
                   .features = features_of(info[1]),
                   .supplies = {},
                   .paths = as_text(info[2]).value_or("")});
  Napi::Object object = Napi::Object::New(env);
  object.TypeTag(&kMemberTag);
  auto handle = std::make_unique<Handle>(Handle{.member = member, .process = nullptr, .outputs = {}});
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

Napi::Value error_of(Napi::Env env, const std::string& message) { return Napi::TypeError::New(env, message).Value(); }

// Undefined, or the error. The pipes among them are for whoever hears of the application.
Napi::Value read_streams(Napi::Env env, const Napi::Value& value, std::vector<launch::Supply>& supplies,
                         std::vector<bool>& outputs) {
  if (!value.IsArray()) return error_of(env, "descriptors is an array");
  const Failure failure = read_supplies(value.As<Napi::Array>(), supplies);
  if (failure) return system_error(env, failure).Value();
  outputs = outputs_of(supplies);
  return env.Undefined();
}

// The last slot is for the member's mount namespace, which JavaScript does not have.
bool are_for(const std::vector<uint8_t>& plan, size_t supplies) {
  const uint32_t supplied = plan::View(plan.data()).header().supplied;
  return supplies + (supplied > 0) == supplied;
}

Napi::Value open_volumes(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Handle* const handle = member_of(info);
  if (handle == nullptr) return env.Undefined();
  std::vector<uint8_t> plan;
  if (const std::string wrong = read_plan(info[1], plan); !wrong.empty()) return refuse(env, wrong);
  std::vector<launch::Supply> supplies;
  const Napi::Value wrong = read_streams(env, info[3], supplies, handle->outputs.emplace());
  if (!wrong.IsUndefined()) {
    Napi::Error(env, wrong).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  handle->supplied = supplies.size();
  if (!are_for(plan, supplies.size())) return refuse(env, "one for each supplied slot but the last");
  handle->member->open_ahead(std::move(plan), features_of(info[2]), std::move(supplies));
  return env.Undefined();
}

// What the member needs. Undefined, or the error to reject with.
Napi::Value read_order(Napi::Env env, const Napi::Value& value, Handle& handle, launch::MemberOrder& order) {
  if (!value.IsObject()) return error_of(env, "the options of a request are an object");
  const auto options = value.As<Napi::Object>();
  if (!handle.outputs) {
    const Napi::Value descriptors = value_at(options, "descriptors");
    const Napi::Value wrong = read_streams(env, descriptors, order.supplies, handle.outputs.emplace());
    if (!wrong.IsUndefined()) return wrong;
    handle.supplied = order.supplies.size();
  }
  if (!are_for(order.plan, handle.supplied)) return error_of(env, "one for each supplied slot but the last");
  order.features = features_of(value_at(options, "features"));
  return env.Undefined();
}

// What JavaScript wants of the application, and the member need not wait for. Undefined, or the error to reject with.
Napi::Value read_rest(Napi::Env env, const Napi::Value& options, Answering& answering) {
  const Napi::Value finish = value_at(options.As<Napi::Object>(), "finish");
  const std::string wrong = read_finish(finish, answering.environment, answering.followed);
  if (!wrong.empty()) return error_of(env, wrong);
  if (answering.followed.ending == nullptr) return env.Undefined();
  const Failure failure = prepare_to_follow(!answering.followed.ending->later.empty());
  return failure ? system_error(env, failure).Value() : env.Undefined();
}

Napi::Value become_application(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const uint64_t called = monotonic_ns();
  Handle* const handle = member_of(info);
  if (handle == nullptr) return env.Undefined();
  launch::MemberOrder order;
  if (const std::string wrong = read_plan(info[1], order.plan); !wrong.empty()) return refuse(env, wrong);
  Napi::Value wrong = read_order(env, info[2], *handle, order);
  if (!wrong.IsUndefined()) return Deferred(env).rejected(wrong);
  const bool waits = handle->member->become(std::move(order), called);
  const auto answering = std::make_shared<Answering>(env);
  answering->process = handle->process;
  answering->followed.outputs = *handle->outputs;
  wrong = read_rest(env, info[2], *answering);
  if (!wrong.IsUndefined()) {
    // Nobody would see to its end.
    if (waits && handle->process != nullptr) handle->process->kill(SIGKILL);
    return answering->deferred.rejected(wrong);
  }
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
  exports.Set("openVolumes", Napi::Function::New(env, open_volumes, "openVolumes"));
  exports.Set("becomeApplication", Napi::Function::New(env, become_application, "becomeApplication"));
  exports.Set("memberOver", Napi::Function::New(env, member_over, "memberOver"));
  exports.Set("closeMember", Napi::Function::New(env, close_member, "closeMember"));
}

}  // namespace orlop::addon
